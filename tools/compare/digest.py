"""Print digests of results to the last bit, to compare two builds of gmmx.

Builds of the same source for the same instruction set agree in every bit, with OpenMP or without
it. `python tools/compare/digest.py` then prints the same lines for both builds.
"""

from __future__ import annotations

import hashlib
import warnings

import numpy as np

import gmmx

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical", "tied-diag", "tied-spherical")
SHAPES = ((40, 1, 2), (3000, 3, 3), (20_000, 6, 5), (900, 37, 4))  # n, D, K


def digest(covariance_type: str, dtype: type[np.floating]) -> str:
    """Return a digest of fitted parameters and predictions of several sizes."""
    sha256 = hashlib.sha256()
    for n_samples, n_features, n_components in SHAPES:
        rng = np.random.default_rng(n_samples)
        centers = rng.uniform(-5, 5, (n_components, n_features))
        X = centers[rng.integers(n_components, size=n_samples)]
        X = (X + rng.standard_normal(X.shape)).astype(dtype)
        model = gmmx.GaussianMixture(
            n_components, covariance_type=covariance_type, max_iter=8, random_state=0
        ).fit(X)
        for result in (
            model.weights_,
            model.means_,
            model.covariances_,
            model.precisions_cholesky_,
            np.asarray(model.lower_bounds_),
            model.predict(X),
            model.predict_proba(X),
            model.score_samples(X),
        ):
            sha256.update(np.ascontiguousarray(result).tobytes())
    return sha256.hexdigest()


def main() -> None:
    """Print one line for each covariance type and precision."""
    warnings.simplefilter("ignore", gmmx.ConvergenceWarning)
    print("instruction set", gmmx.build_config()["instruction_set"])
    for covariance_type in COVARIANCE_TYPES:
        for dtype in (np.float32, np.float64):
            print(f"{covariance_type:15}", dtype.__name__, digest(covariance_type, dtype)[:32])


if __name__ == "__main__":
    main()
