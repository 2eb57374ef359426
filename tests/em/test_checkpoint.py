"""A fit that is killed goes on from its checkpoint, to the same result."""

import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

import gmmx
from gmmx.em.checkpoint import PASSES

pytestmark = pytest.mark.filterwarnings("ignore::gmmx.exceptions.ConvergenceWarning")


def samples(n_samples=900, n_features=2, seed=0):
    draw = np.random.default_rng(seed)
    means = 3.0 * draw.normal(size=(4, n_features))
    return means[draw.integers(4, size=n_samples)] + draw.normal(size=(n_samples, n_features))


class KilledError(BaseException):
    """Ends a fit as a signal would, between two iterations."""


def killed_after(n_iterations):
    """Return a callback that ends the fit after some iterations of all starts together."""
    calls = iter(range(1, n_iterations + 1))

    def callback(n_iter, lower_bound):
        if next(calls) == n_iterations:
            raise KilledError

    return callback


def fit_with_kills(model, X, path, kills):
    """Fit, killed after these numbers of iterations, and going on each time."""
    for n_iterations in kills:
        model.set_params(callback=killed_after(n_iterations))
        with pytest.raises(KilledError):
            model.fit(X, checkpoint=path)
    return model.set_params(callback=None).fit(X, checkpoint=path)


def fitted(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


FITS = {
    "em": {"covariance_type": "full"},
    "squarem": {"algorithm": "squarem", "covariance_type": "tied"},
    "aitken": {"tol_type": "aitken", "tol": 1e-6, "covariance_type": "diag"},
    "starts": {"n_init": 4, "covariance_type": "spherical", "init_params": "random_from_data"},
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("estimator", "name"),
    [(gmmx.GaussianMixture, name) for name in FITS]
    + [(gmmx.BayesianGaussianMixture, name) for name in FITS if name != "aitken"],
)
def test_a_killed_fit_goes_on_to_the_same_result(name, dtype, estimator, tmp_path):
    options = {"n_components": 4, "random_state": 1, "max_iter": 60, "tol": 1e-9, **FITS[name]}
    X = samples().astype(dtype)
    whole = estimator(**options).fit(X, checkpoint=tmp_path / "whole")
    path = tmp_path / "killed"
    model = fit_with_kills(estimator(**options), X, path, [PASSES + 2, 3 * PASSES, 1])
    np.testing.assert_equal(fitted(model), fitted(whole))
    assert not list(tmp_path.iterdir()), "the file is removed at the end"


PROGRAM = """
import os, signal, sys
import numpy as np
import gmmx
X, path, passes = np.load(sys.argv[1]), sys.argv[2], int(sys.argv[3])
kill = lambda n_iter, bound: n_iter == passes and os.kill(os.getpid(), signal.SIGKILL)
gmmx.GaussianMixture(4, random_state=1, tol=0.0, max_iter=25, callback=kill).fit(X, checkpoint=path)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_fit_killed_by_a_signal_goes_on_to_the_same_result(tmp_path):
    X, path = samples(), tmp_path / "killed"
    np.save(tmp_path / "X.npy", X)
    for passes in ("13", "19"):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, tmp_path / "X.npy", path, passes], check=False
        )
        assert run.returncode == -signal.SIGKILL
    model = gmmx.GaussianMixture(4, random_state=1, tol=0.0, max_iter=25)
    whole = gmmx.GaussianMixture(**model.get_params()).fit(X, checkpoint=tmp_path / "whole")
    calls = []
    model.set_params(callback=lambda n_iter, bound: calls.append(n_iter)).fit(X, checkpoint=path)
    assert calls[0] == 16, "the checkpoint after 15 passes is used"
    np.testing.assert_equal(fitted(model), fitted(whole))


def test_samples_in_blocks_go_on_from_a_checkpoint(tmp_path):
    X = samples(5000, 15)
    options = {"n_components": 4, "random_state": 1, "max_iter": 30, "tol": 0.0}
    blocks = np.array_split(X, 7)
    whole = gmmx.GaussianMixture(**options).fit(X, checkpoint=tmp_path / "whole")
    model = fit_with_kills(gmmx.GaussianMixture(**options), blocks, tmp_path / "killed", [8, 12])
    np.testing.assert_equal(fitted(model), fitted(whole))


@pytest.mark.parametrize("degenerate", ["reseed", "drop"])
def test_repairs_are_remembered(degenerate, tmp_path):
    X = samples()
    options = {
        "n_components": 4, "max_iter": 25, "tol": 0.0, "degenerate": degenerate, "reg_covar": 0.0,
        "means_init": np.vstack([X[:3], [[1e3, 1e3]]]), "random_state": 0,
    }  # fmt: skip
    whole = gmmx.GaussianMixture(**options).fit(X, checkpoint=tmp_path / "whole")
    with pytest.warns(gmmx.exceptions.ConvergenceWarning, match="component 3"):
        model = fit_with_kills(gmmx.GaussianMixture(**options), X, tmp_path / "killed", [12])
    np.testing.assert_equal(fitted(model), fitted(whole))


def test_a_fit_without_a_kill_agrees_with_one_without_a_checkpoint(tmp_path):
    X = samples()
    model = gmmx.GaussianMixture(4, random_state=0, tol=1e-9, max_iter=100)
    with_checkpoint = gmmx.GaussianMixture(**model.get_params())
    with_checkpoint.fit(X, checkpoint=tmp_path / "file")
    np.testing.assert_equal(fitted(with_checkpoint), fitted(model.fit(X)))


@pytest.mark.parametrize(
    "change", ["parameters", "seed", "warm start", "samples", "last sample", "class", "file"]
)
def test_a_checkpoint_of_another_fit_is_refused_and_the_model_is_kept(change, tmp_path):
    X, path = samples(), tmp_path / "file"
    model = gmmx.GaussianMixture(4, random_state=0, tol=0.0, callback=killed_after(7))
    with pytest.raises(KilledError):
        model.fit(X, checkpoint=path)
    model.set_params(callback=None).fit(X)
    other = model
    if change == "parameters":
        model.set_params(reg_covar=1e-5)
    elif change == "seed":
        model.set_params(random_state=1)
    elif change == "warm start":
        model.set_params(warm_start=True)
    elif change == "samples":
        X = X[:-1]
    elif change == "last sample":
        X = X + np.where(np.arange(len(X)) == len(X) - 1, 1.0, 0.0)[:, np.newaxis]
    elif change == "class":
        other = gmmx.BayesianGaussianMixture(n_components=4)
    else:
        path.write_bytes(b"damaged")
    before = model.to_bytes()
    with pytest.raises((ValueError, gmmx.ModelFileError), match=r"checkpoint|model file"):
        other.fit(X, checkpoint=path)
    assert model.to_bytes() == before
    assert path.exists()


def test_a_checkpoint_is_no_model_file(tmp_path):
    path = tmp_path / "file"
    model = gmmx.GaussianMixture(4, tol=0.0, callback=killed_after(7))
    with pytest.raises(KilledError):
        model.fit(samples(), checkpoint=path)
    with pytest.raises(gmmx.ModelFileError):
        gmmx.load(path)


def test_a_warning_that_is_an_error_keeps_the_checkpoint(tmp_path):
    path = tmp_path / "file"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(gmmx.exceptions.ConvergenceWarning):
            gmmx.GaussianMixture(4, random_state=0, tol=0.0, max_iter=8).fit(
                samples(), checkpoint=path
            )
    assert path.exists()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("nofolder/file", FileNotFoundError),
        (".", IsADirectoryError),
        (3, TypeError),
        (b"c", TypeError),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_fit(path, error):
    calls = []
    model = gmmx.GaussianMixture(2, callback=lambda *_: calls.append(0))
    with pytest.raises(error, match="checkpoint"):
        model.fit(samples(), checkpoint=path)
    assert not calls
