"""Pictures that a person has looked at, without texts, whose pixels depend on the font library.

`python -m pytest -n 0 --mpl-generate-path=tests/plotting/baseline tests/plotting/test_baseline.py`
draws them again; look at them before you commit them.
"""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("pytest_mpl")

from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from gmmx import GaussianMixture
from gmmx.model.covariance import STRUCTURES
from gmmx.plotting import CriterionDisplay, DensityDisplay, MixtureDisplay

compared = pytest.mark.mpl_image_compare(
    style="default", remove_text=True, savefig_kwargs={"dpi": 60, "metadata": {"Software": None}}
)


def without_texts(figure):
    """Hide texts other than labels of ticks, which `remove_text` removes."""
    for artist in [*figure.findobj(Text), *figure.findobj(Legend)]:
        artist.set_visible(False)
    return figure


def three_groups(n_features):
    """Return samples of three groups and the mixture that they were drawn from."""
    weights = [0.5, 0.3, 0.2]
    means = np.array([[0.0, 0.0, 5.0], [6.0, 1.0, 0.0], [2.0, 7.0, 3.0]])[:, :n_features]
    factors = np.random.default_rng(0).normal(size=(3, 3, 3))[:, :n_features, :n_features]
    covariances = factors @ factors.transpose(0, 2, 1) + 0.3 * np.eye(n_features)
    model = GaussianMixture.from_parameters(weights, means, covariances)
    return model.set_params(random_state=0).sample(150)[0], model


def axes(width, height):
    return Figure(figsize=(width, height)).subplots()


@compared
def test_mixture_of_two_features():
    X, model = three_groups(2)
    return without_texts(MixtureDisplay.from_estimator(model, X, ax=axes(6, 4)).figure_)


@compared
def test_mixture_of_three_features():
    X, model = three_groups(3)
    return without_texts(MixtureDisplay.from_estimator(model, X, ax=axes(6, 6)).figure_)


@compared
def test_criterion_of_all_structures():
    counts, places = np.meshgrid(np.arange(2, 9), np.arange(14))
    values = 1000.0 + 3 * places + (8 + places) * np.abs(counts - 3 - places % 3)
    names = np.array([*STRUCTURES], dtype=object)[places]
    refused = np.full(values.shape, None)
    refused[0, 4:6] = refused[5, 2] = "spurious"
    refused[1:3, 6] = "failed"
    values[1:3, 6] = np.nan
    values[13] += 1000.0
    results = {
        "n_components": counts.ravel(), "covariance_type": names.ravel(),
        "bic": values.ravel(), "refused": refused.ravel(),
    }  # fmt: skip
    return without_texts(CriterionDisplay(results).plot(axes(6, 4)).figure_)


@compared
def test_highest_density_regions_of_two_features():
    X, model = three_groups(2)
    names = ["width (cm)", "height (cm)"]
    display = DensityDisplay.from_estimator(
        model, X, kind="hdr", feature_names=names, ax=axes(6, 4)
    )
    return without_texts(display.figure_)
