"""Pictures that a person has looked at: `python -m pytest --mpl tests/plotting` compares with them.

`python -m pytest --mpl-generate-path=tests/plotting/baseline tests/plotting/test_baseline.py` draws
them again; look at them before you commit them.
"""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("pytest_mpl")

from matplotlib.figure import Figure

from gmmx import GaussianMixture
from gmmx.plotting import DensityDisplay, MixtureDisplay

compared = pytest.mark.mpl_image_compare(
    style="default", tolerance=8, savefig_kwargs={"dpi": 50, "metadata": {"Software": None}}
)


def three_groups(n_features):
    """Return samples of three groups and the mixture that they were drawn from."""
    weights = [0.5, 0.3, 0.2]
    means = np.array([[0.0, 0.0, 5.0], [6.0, 1.0, 0.0], [2.0, 7.0, 3.0]])[:, :n_features]
    factors = np.random.default_rng(0).normal(size=(3, 3, 3))[:, :n_features, :n_features]
    covariances = factors @ factors.transpose(0, 2, 1) + 0.3 * np.eye(n_features)
    model = GaussianMixture.from_parameters(weights, means, covariances)
    return model.set_params(random_state=0).sample(150)[0], model


def axes(width, height):
    return Figure(figsize=(width, height), layout="constrained").subplots()


@compared
def test_mixture_of_two_features():
    X, model = three_groups(2)
    display = MixtureDisplay.from_estimator(
        model, X, feature_names=["width (cm)", "height (cm)"], ax=axes(6, 4)
    )
    return display.figure_


@compared
def test_mixture_of_three_features():
    X, model = three_groups(3)
    display = MixtureDisplay.from_estimator(model, X, ax=axes(6, 6))
    display.ax_.set_title("three features")
    return display.figure_


@compared
def test_highest_density_regions_of_two_features():
    X, model = three_groups(2)
    names = ["width (cm)", "height (cm)"]
    display = DensityDisplay.from_estimator(
        model, X, kind="hdr", feature_names=names, ax=axes(6, 4)
    )
    return display.figure_
