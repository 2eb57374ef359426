"""Count the mixtures that the rule for spurious maxima refuses and lets pass, on simulated data.

All clusters have a standard deviation of at least 1 in every direction, so that a mixture with a
component narrower than 0.1 in some direction is spurious.

Honest: samples are drawn from a mixture, and EM starts from the mixture's parameters. The rule must
refuse no result, except the few in which EM has gone to a spurious maximum.

Discrete: two clusters beside an independent feature of few values. The search must find both.

Deceptive: one or two clusters, with rounded values, ties, outliers, or few rows in many features.
The search must choose no spurious mixture; the last column counts the spurious choices of a search
without the rule.

Usage: python -m tools.measure.spurious_maxima [number of mixtures]
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gmmx import GaussianMixture, GaussianMixtureIC
from gmmx.estimators.component_covariances import component_covariances
from gmmx.selection.cells import Cell, best_cell
from gmmx.selection.search import Observed

Array = np.ndarray
N_MIXTURES = 1000
NARROW = 0.1  # standard deviations of a cluster
FEWEST = 3.0  # samples of a component that has not gone to single samples


@dataclass(frozen=True)
class Truth:
    """Samples and the mixture that they were drawn from."""

    X: Array
    weights: Array
    means: Array
    covariances: Array


def truth(seed: int) -> Truth:
    """Draw a mixture of 2 to 5 components in 1 to 50 features, and samples from it.

    Each component has at least three times as many samples as a covariance matrix needs. Axes of
    its ellipsoid differ in length by up to 100, and components overlap little to heavily.
    """
    draw = np.random.default_rng(seed)
    n_features, n_components = int(draw.choice([1, 2, 3, 5, 10, 20, 50])), int(draw.integers(2, 6))
    fewest = 3 * (n_features + 1) + int(draw.integers(10, 100))
    sizes = draw.integers(fewest, 2 * fewest, size=n_components)
    covariances = np.stack([_covariance(draw, n_features) for _ in sizes])
    spread = draw.uniform(1.0, 6.0) * 10.0**0.5
    means = spread * draw.normal(size=(n_components, n_features))
    X = np.concatenate(
        [draw.multivariate_normal(*one) for one in zip(means, covariances, sizes, strict=True)]
    )
    return Truth(X, sizes / sizes.sum(), means, covariances)


def _covariance(draw: np.random.Generator, n_features: int) -> Array:
    """Draw a covariance matrix with axes of length 1 to 100 in a random orientation."""
    directions, _ = np.linalg.qr(draw.normal(size=(n_features, n_features)))
    return np.asarray((directions * 10.0 ** draw.uniform(0, 4, n_features)) @ directions.T)


def maximum_near(true: Truth) -> tuple[GaussianMixture, str | None]:
    """Return the maximum of the likelihood next to a true mixture, and why it is refused."""
    stage = Observed(true.X).stage(GaussianMixtureIC(), 1, threading.Event())
    model = GaussianMixture(
        len(true.weights), tol=1e-8, max_iter=2000, reg_covar=stage.reg_covar, n_threads=1,
        weights_init=true.weights, means_init=true.means,
        precisions_init=np.linalg.inv(true.covariances),
    ).fit(true.X)  # fmt: skip
    return model, stage.spurious_reason(model._parameters())


def _clusters(draw: np.random.Generator, n_samples: int, n_features: int) -> Array:
    """Draw samples of two clusters, 8 standard deviations apart in the first feature."""
    X = draw.normal(size=(n_samples, n_features))
    X[: n_samples // 3, 0] += 8.0
    return X


def rounded(draw: np.random.Generator, n_samples: int = 200) -> Array:
    """Draw two clusters with values rounded to half a standard deviation."""
    return np.round(2 * _clusters(draw, n_samples, 3)) / 2


def tied(draw: np.random.Generator, n_samples: int = 200) -> Array:
    """Draw two clusters, of which one row in 10 is a copy of one of two rows."""
    X = _clusters(draw, n_samples, 2)
    copies = np.arange(n_samples) % 10 == 0
    X[copies] = np.where(np.arange(copies.sum())[:, None] % 2 == 0, [0.3, 0.2], [7.5, -0.4])
    return X


def with_outliers(draw: np.random.Generator, n_samples: int = 200) -> Array:
    """Draw two clusters, of which one sample in 100 lies far outside."""
    X = _clusters(draw, n_samples, 2)
    X[::100] += draw.normal(size=(len(X[::100]), 2)) * 40.0
    return X


def few_rows(draw: np.random.Generator, n_samples: int = 45) -> Array:
    """Draw one cluster with little more samples than features, 30."""
    return draw.normal(size=(n_samples, 30))


def of_two_values(draw: np.random.Generator, n_samples: int = 400) -> Array:
    """Draw two clusters beside a feature that is 1 in 3 of 10 samples, else 0."""
    X = _clusters(draw, n_samples, 2)
    return np.column_stack([X, draw.random(n_samples) < 0.3]).astype(np.float64)


def of_counts(draw: np.random.Generator, n_samples: int = 400) -> Array:
    """Draw two clusters beside a feature of Poisson counts of mean 0.2."""
    X = _clusters(draw, n_samples, 2)
    return np.column_stack([X, draw.poisson(0.2, n_samples)]).astype(np.float64)


DISCRETE: dict[str, Callable[..., Array]] = {"two values": of_two_values, "counts": of_counts}
DECEPTIVE: dict[str, Callable[..., Array]] = {
    "rounded": rounded,
    "tied": tied,
    "with outliers": with_outliers,
    "few rows": few_rows,
}


def finds_both_clusters(kind: str, seed: int) -> bool:
    """Return whether a search up to 2 components chooses the two clusters."""
    X = DISCRETE[kind](np.random.default_rng(seed))
    search = GaussianMixtureIC(
        max_components=2, covariance_type=["full", "diag"], random_state=seed, n_init=8
    )
    return search.fit(X).n_components_ == 2


def cells_of(kind: str, seed: int) -> list[Cell]:
    """Search mixtures of up to 5 components of deceptive samples."""
    X = DECEPTIVE[kind](np.random.default_rng(seed))
    model = GaussianMixtureIC(
        max_components=5, covariance_type=["full", "diag"], random_state=seed, n_init=16
    )
    samples, features = model._check_training_samples(X, min_samples=2)
    return model._cells(samples, None, features)


def choices_of(cells: list[Cell]) -> tuple[Cell | None, Cell | None]:
    """Return the best cell, and the cell that would be the best without the rule."""
    fitted = [replace(cell, reason=None) for cell in cells if cell.model is not None]
    return best_cell(cells), best_cell(fitted)


def is_spurious(model: GaussianMixture) -> bool:
    """Return whether a component is much narrower than the clusters, whose deviations are >= 1."""
    return float(np.linalg.eigvalsh(component_covariances(model)).min()) < NARROW**2


def has_left(model: GaussianMixture) -> bool:
    """Return whether EM has gone from a true mixture to a spurious maximum."""
    return is_spurious(model) or float(model.weights_.min() * model.n_samples_seen_) < FEWEST


def main() -> None:
    """Print both counts."""
    warnings.simplefilter("ignore")
    n_mixtures = int(sys.argv[1]) if len(sys.argv) > 1 else N_MIXTURES
    maxima = [maximum_near(truth(seed)) for seed in range(n_mixtures)]
    honest = [reason for model, reason in maxima if not has_left(model)]
    refused = [reason for reason in honest if reason is not None]
    print(f"honest mixtures refused: {len(refused)} of {len(honest)}", *refused, sep="\n  ")
    passed = sum(has_left(model) and reason is None for model, reason in maxima)
    print(f"spurious maxima that EM went to, not refused: {passed} of {n_mixtures - len(honest)}")
    n_each = -(-n_mixtures // 20)
    for kind in DISCRETE:
        n_found = sum(finds_both_clusters(kind, seed) for seed in range(n_each))
        print(f"both clusters beside {kind} found: {n_found} of {n_each}")
    print(f"{'deceptive samples':18} {'searches':>8} {'spurious':>9} {'without the rule':>17}")
    for kind in DECEPTIVE:
        choices = [choices_of(cells_of(kind, seed)) for seed in range(n_each)]
        spurious, without = (
            sum(cell is not None and is_spurious(cell.mixture) for cell in ones)
            for ones in zip(*choices, strict=True)
        )
        print(f"{kind:18} {n_each:8} {spurious:9} {without:17}")


if __name__ == "__main__":
    main()
