"""Are default fits as good as scikit-learn's? Final likelihoods over 50 seeds, side by side.

Usage: python tools/compare_starts.py
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn import datasets, decomposition, mixture

import gmmx

N_SEEDS = 50
Samples = np.ndarray


def data_sets() -> dict[str, tuple[Samples, int]]:
    """Samples and number of components by name."""
    random_state = np.random.RandomState(0)
    digits = decomposition.PCA(12, random_state=0).fit_transform(datasets.load_digits().data)
    stretched = datasets.make_blobs(1500, 2, centers=5, random_state=1)[0]
    return {
        "iris": (datasets.load_iris().data, 3),
        "wine": (datasets.load_wine().data, 3),
        "digits PCA(12)": (digits, 10),
        "blobs": (datasets.make_blobs(2000, 5, centers=6, cluster_std=2, random_state=0)[0], 6),
        "stretched blobs": (stretched @ random_state.normal(size=(2, 2)), 5),
        "1-D overlapping": (
            random_state.normal([0, 2, 5], [1, 0.7, 2], (1000, 3)).reshape(-1, 1),
            3,
        ),
    }


def final_scores(estimator: type, X: Samples, n_components: int) -> Samples:
    """Mean log-likelihood of default fits, one for each seed."""
    fits = (estimator(n_components, random_state=seed).fit(X) for seed in range(N_SEEDS))
    return np.array([fit.score(X) for fit in fits])


def main() -> None:
    """Print means, and their difference in standard errors."""
    warnings.simplefilter("ignore")
    print(
        f"{'data set':16} {'gmmx':>12} {'scikit-learn':>12} {'difference':>11} {'std. error':>10}"
    )
    for name, (X, n_components) in data_sets().items():
        ours = final_scores(gmmx.GaussianMixture, X, n_components)
        theirs = final_scores(mixture.GaussianMixture, X, n_components)
        error = np.sqrt((ours.var() + theirs.var()) / N_SEEDS)
        difference = ours.mean() - theirs.mean()
        print(
            f"{name:16} {ours.mean():12.6f} {theirs.mean():12.6f} {difference:11.1e} {error:10.1e}"
        )


if __name__ == "__main__":
    main()
