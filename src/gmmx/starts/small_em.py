"""Short runs of EM from many starts, of which the best goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gmmx.em.loop import run_em
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.model.collapse import DegenerateMixtureError
from gmmx.model.covariance import CovarianceStructure, DegenerateCovarianceError
from gmmx.model.parameters import MixtureParameters, equalized, maximize
from gmmx.starts.partitions import KMeansPartitions
from gmmx.starts.subset import subset_of

if TYPE_CHECKING:
    from gmmx.samples.array_source import ArraySource

N_RUNS = 32
N_ITERATIONS = 10
MOST_ROWS = 5000  # more rows do not select better starts


def best_of_short_runs(
    samples: ArraySource,
    structure: type[CovarianceStructure],
    n_components: int,
    reg_covar: float,
    random_state: np.random.RandomState,
    *,
    equal_weights: bool = False,
) -> MixtureParameters | None:
    """Return the parameters of largest likelihood after a few iterations of EM from many starts.

    The starts are partitions by k-means and by k-means++ seeds. From more than 5,000 rows, 5,000
    are drawn.

    Parameters
    ----------
    samples : ArraySource
        Samples of the start.
    structure : type of CovarianceStructure
        Covariance structure of the mixture.
    n_components : int
        Number of components.
    reg_covar : float
        Added to every variance.
    random_state : RandomState
        Draws the rows and the starts.
    equal_weights : bool, default=False
        Whether all components have the same weight.

    Returns
    -------
    MixtureParameters, or None if a component collapses or loses all samples in every run.

    References
    ----------
    Biernacki, Celeux, Govaert (2003), "Choosing starting values for the EM algorithm for getting
    the highest likelihood in multivariate Gaussian mixture models", Computational Statistics &
    Data Analysis 41.
    """
    seed = random_state.randint(np.iinfo(np.int32).max)
    some = subset_of(samples, max(MOST_ROWS, n_components), np.random.default_rng(seed))
    steps = ExpectationMaximization(some, reg_covar, allow_empty=False, equal_weights=equal_weights)
    best = None
    for start in _starts(some, structure, n_components, reg_covar, random_state):
        weighted = start.with_weights(equalized(start.weights)) if equal_weights else start
        try:
            run = run_em(weighted, steps, 0.0, N_ITERATIONS)
        except DegenerateMixtureError:
            continue
        if best is None or run.lower_bound > best.lower_bound:
            best = run
    return None if best is None else best.parameters


def _starts(
    samples: ArraySource,
    structure: type[CovarianceStructure],
    n_components: int,
    reg_covar: float,
    random_state: np.random.RandomState,
) -> Iterator[MixtureParameters]:
    """Yield the parameters of each partition, except if a covariance is singular."""
    n_runs = N_RUNS if n_components > 1 else 1
    for labels in KMeansPartitions(samples).draw(n_components, n_runs, random_state):
        statistics = samples.statistics_of_labels(labels, n_components, structure.layout)
        try:
            yield maximize(statistics, reg_covar, structure)
        except DegenerateCovarianceError:
            continue
