"""A covariance structure added by the recipe in CONTRIBUTING.md: one file and one registered line.

The file is `equal_shape.py`. Its M-step is iterative and begins with the previous covariances.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn import mixture

import equal_shape
import gmmx
import reference
from equal_shape import EqualShape
from gmmx import BayesianGaussianMixture, GaussianMixture
from gmmx.cli import main
from gmmx.exceptions import InvalidParameterError
from gmmx.model.covariance import STRUCTURES
from gmmx.selection.search import search
from moments import statistics_of

NAME = EqualShape.name


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(STRUCTURES, NAME, EqualShape)


def samples(n_samples=400, dtype=np.float64):
    """Return samples of two components whose variances are multiples of one another."""
    random = np.random.default_rng(5)
    labels = random.integers(2, size=n_samples)
    X = random.normal(size=(n_samples, 3)) * [1.0, 2.0, 0.5] * np.array([1.0, 3.0])[labels][:, None]
    X[:, 0] += 12.0 * labels
    return X.astype(dtype), labels


def fitted(X, **parameters):
    options = {"covariance_type": NAME, "random_state": 0, "tol": 1e-8, "max_iter": 1000}
    return GaussianMixture(2, **{**options, **parameters}).fit(X)


def assert_shape_is_shared(model, rtol=1e-4):
    """Assert that each component's variances are a multiple of the first one's."""
    ratios = model.covariances_ / model.covariances_[0]
    np.testing.assert_allclose(ratios, ratios[:, :1].repeat(3, axis=1), rtol=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random", "random_from_data"])
def test_it_fits_and_predicts(dtype, init_params):
    X, labels = samples(dtype=dtype)
    model = fitted(X, init_params=init_params, n_init=3)
    assert model.converged_
    assert_shape_is_shared(model)
    volumes = model.covariances_.prod(axis=1) ** (1 / 3)
    assert volumes.max() / volumes.min() == pytest.approx(9.0, rel=0.25)
    same = (model.predict(X) == labels).mean()
    assert max(same, 1 - same) > 0.97
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, rtol=1e-5)
    assert np.isfinite(model.score_samples(X)).all()
    assert model.sample(10)[0].shape == (10, 3)


@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_the_likelihood_never_falls(algorithm):
    X, _ = samples()
    model = fitted(X, reg_covar=0.0, init_params="random", algorithm=algorithm)
    assert model.converged_
    assert np.diff(model.lower_bounds_).min() > -1e-12
    assert_shape_is_shared(model, rtol=1e-8)


def test_it_lies_between_the_structures_that_it_is_between():
    X, _ = samples()
    scores = [fitted(X, covariance_type=name).score(X) for name in ("spherical", NAME, "diag")]
    assert scores == sorted(scores)
    assert fitted(X).bic(X) < fitted(X, covariance_type="diag").bic(X)


def test_each_m_step_begins_with_the_covariances_of_its_e_step(monkeypatch):
    seen, estimate = [], EqualShape.estimate.__func__

    def recorded(cls, statistics, reg_covar, previous=None, n_threads=1):
        result = estimate(cls, statistics, reg_covar, previous, n_threads)
        seen.append((previous, result))
        return result

    monkeypatch.setattr(EqualShape, "estimate", classmethod(recorded))
    fitted(samples()[0])
    assert len(seen) > 3
    assert seen[0][0] is None
    for (_, before), (previous, _) in pairwise(seen):
        assert previous is before


def test_the_previous_shape_is_nearer_to_the_estimate(monkeypatch):
    X, labels = samples()
    statistics = statistics_of(X, np.eye(2)[labels], "diagonal", X[:2])
    found = EqualShape.estimate(statistics, 0.0)
    monkeypatch.setattr(equal_shape, "MOST_UPDATES", 1)
    errors = [
        np.abs(EqualShape.estimate(statistics, 0.0, before).covariances - found.covariances).max()
        for before in (found, None)
    ]
    assert errors[0] < 1e-10 < errors[1]


def test_a_saved_model_comes_back_bit_for_bit(tmp_path):
    X, _ = samples()
    model = fitted(X)
    model.save(tmp_path / "model.gmmx")
    loaded = gmmx.load(tmp_path / "model.gmmx")
    assert loaded.covariance_type == NAME
    assert loaded.score_samples(X).tobytes() == model.score_samples(X).tobytes()
    assert loaded.to_bytes() == model.to_bytes()


def test_scikit_learn_has_a_type_that_holds_it():
    X, _ = samples()
    model = fitted(X)
    theirs = model.to_sklearn()
    assert type(theirs) is mixture.GaussianMixture
    assert theirs.covariance_type == "full"
    np.testing.assert_allclose(theirs.score_samples(X), model.score_samples(X), rtol=1e-10)


@pytest.mark.parametrize("degenerate", ["reseed", "drop"])
@pytest.mark.filterwarnings("ignore::gmmx.ConvergenceWarning")
def test_a_component_that_collapses_is_repaired(degenerate):
    X, _ = samples()
    X[:9] = X[0]
    model = GaussianMixture(
        3, covariance_type=NAME, reg_covar=0.0, random_state=0,
        means_init=[[0.0, 0.0, 0.0], [12.0, 0.0, 0.0], X[0]],
        precisions_init=[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1e8, 1e8, 1e8]],
    )  # fmt: skip
    with pytest.raises(gmmx.DegenerateMixtureError):
        model.fit(X)
    model.set_params(degenerate=degenerate).fit(X)
    assert (model.covariances_ > 0).all()


def test_the_search_and_the_command_line_know_its_name(capsys):
    X = reference.dataset("iris")
    cells = search(X, [1, 2], ["spherical", NAME, "diag"])
    assert [cell.covariance_type for cell in cells] == 2 * ["spherical", NAME, "diag"]
    for cell in cells:
        assert cell.reason is None
        assert cell.bic == pytest.approx(cell.model.bic(X), rel=1e-9)
    assert main(["fit", "--components", "1-2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(NAME in line.split() for line in lines)
    assert max(map(len, lines)) <= 80


def test_one_without_a_conjugate_prior_has_no_bayesian_mixture():
    with pytest.raises(InvalidParameterError, match="covariance_type"):
        BayesianGaussianMixture(covariance_type=NAME).fit(samples()[0])


def test_one_without_coordinates_says_that_it_cannot_be_accelerated(monkeypatch):
    monkeypatch.setattr(EqualShape, "has_chart", False)
    X, _ = samples()
    with pytest.raises(ValueError, match=r"algorithm='squarem' .* covariance_type='equal-shape'"):
        fitted(X, algorithm="squarem")
    assert fitted(X).converged_


def test_the_tests_of_all_structures_hold_for_it(tmp_path):
    (tmp_path / "register.py").write_text(
        "from equal_shape import EqualShape\n"
        "from gmmx.model.covariance import STRUCTURES\n"
        "STRUCTURES[EqualShape.name] = EqualShape\n"
    )
    tests = Path(equal_shape.__file__).parent
    path = os.pathsep.join([str(tmp_path), str(tests), os.environ.get("PYTHONPATH", "")])
    # Another process does not know the structure, because its file is not a part of gmmx.
    chosen = f"{NAME} and not another_process"
    names = ("test_covariance.py", "test_interchange.py", "test_bits.py")
    finished = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "register",
            "-p", "no:cacheprovider", "-k", chosen,
            *(str(next(tests.parent.rglob(name))) for name in names),
        ],
        env={**os.environ, "PYTHONPATH": path}, cwd=tests.parent, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout
    n_passed = int(finished.stdout.split(" passed")[0].split()[-1].lstrip())
    assert n_passed >= 30, finished.stdout
