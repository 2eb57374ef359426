"""Print the final likelihoods of default fits of gmmx and scikit-learn over 50 seeds.

On data with ties k-means with the same seed may end in another partition. For such data the program
counts the fits that differ between gmmx and scikit-learn, and between scikit-learn on X and on
X + 0.3.

Usage: python tools/compare/compare_starts.py
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn import datasets, decomposition, mixture

import gmmx

N_SEEDS = 50
N_SEEDS_OF_TIES = 12
Samples = np.ndarray


def data_sets() -> dict[str, tuple[Samples, int]]:
    """Return samples and numbers of components by name."""
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
    """Return the mean log-likelihood of a default fit for each seed."""
    fits = (estimator(n_components, random_state=seed).fit(X) for seed in range(N_SEEDS))
    return np.array([fit.score(X) for fit in fits])


def data_with_ties() -> dict[str, tuple[Samples, int]]:
    """Return data sets in which many samples have the same distance from two means."""
    random = np.random.default_rng(0)
    return {
        "integers": (random.integers(0, 5, (400, 3)).astype(float), 4),
        "binary": (random.integers(0, 2, (400, 5)).astype(float), 4),
        "one-hot": (np.eye(6)[random.integers(0, 6, 400)], 4),
    }


def n_different(ours: type, X: Samples, theirs: type, Y: Samples, n_components: int) -> int:
    """Return the number of seeds for which two fits end at different likelihoods."""
    n_found = 0
    for seed in range(N_SEEDS_OF_TIES):
        one = ours(n_components, random_state=seed).fit(X).score(X)
        other = theirs(n_components, random_state=seed).fit(Y).score(Y)
        n_found += abs(one - other) > 1e-6 * abs(one)
    return n_found


def print_ties() -> None:
    """Print the number of fits that differ on data with ties."""
    head = f"of {N_SEEDS_OF_TIES} fits"
    print(f"\n{head:16} {'gmmx differs':>13} {'X + 0.3 differs':>16}")
    theirs = mixture.GaussianMixture
    for name, (X, n_components) in data_with_ties().items():
        own = n_different(gmmx.GaussianMixture, X, theirs, X, n_components)
        moved = n_different(theirs, X + 0.3, theirs, X, n_components)
        print(f"{name:16} {own:13} {moved:16}")


def main() -> None:
    """Print mean likelihoods, their difference and its standard error, then the fits with ties."""
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
    print_ties()


if __name__ == "__main__":
    main()
