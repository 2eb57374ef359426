"""Search for the number of components with Bayesian mixtures, which leave some without samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gmmx._core.interface.prediction import Predictor
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.feature_names import feature_names as names_of_columns
from gmmx.checks.feature_scale import reg_covar_of
from gmmx.checks.samples import check_samples
from gmmx.checks.weights import check_weighted, weighted_sum
from gmmx.contract.estimator import feature_attributes
from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.exceptions import collected_warnings
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES_BY_NAME
from gmmx.samples.array_source import ArraySource
from gmmx.selection.cells import Cell
from gmmx.selection.scores import scores_of

MAX_ITER = 2000
N_STARTS = 3


def bayesian_search(
    X: ArrayLike,
    n_components: int,
    covariance_types: Sequence[str] = tuple(CONJUGATE_STRUCTURES),
    *,
    sample_weight: ArrayLike | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
    feature_names: Sequence[str] | None = None,
    on_start: Callable[[int, str], object] = lambda n_components, covariance_type: None,
    on_cell: Callable[[Cell], object] = lambda cell: None,
) -> list[Cell]:
    """Fit a Bayesian mixture for each covariance structure and keep the components in use.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    n_components : int
        Largest number of components.
    covariance_types : sequence of str
        Covariance structures; by default all with a conjugate prior.
    sample_weight : array-like of shape (n_samples,), number or None, default=None
        Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
        weight 0 is left out.
    random_state : int, default=0
        Seed of the starts.
    n_threads : int, optional
        Number of threads, by default one for each core.
    feature_names : sequence of str, optional
        Names of the features in messages.
    on_start : callable, optional
        Called with `n_components` and the covariance type before each fit.
    on_cell : callable, optional
        Called with each cell after its fit.

    Returns
    -------
    list of Cell
        One cell for each of `covariance_types`, in this order, with the number of components in
        use. `is_converged` of a cell tells whether the Bayesian fit has converged.

    Raises
    ------
    ValueError
        If an argument is invalid, or a feature has the same value in all samples.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((200, 2))
    >>> X[:100] += 9
    >>> [cell.n_components for cell in bayesian_search(X, 6, ["full", "tied"])]
    [2, 2]
    """
    column_names = names_of_columns(X)
    checked = check_samples(X, "bayesian_search", min_samples=2)
    kept, weight = check_weighted(checked, sample_weight, 2)
    samples = np.asarray(kept, dtype=np.float64)
    features = feature_attributes(samples.shape[1], column_names)
    reg_covar = reg_covar_of(samples, feature_names, weight)
    cells = []
    for name in covariance_types:
        on_start(n_components, name)
        model = BayesianGaussianMixture(
            n_components=min(n_components, len(samples)), covariance_type=name,
            tol=1e-6, tol_type="per-sample", reg_covar=reg_covar, max_iter=MAX_ITER,
            n_init=N_STARTS, random_state=random_state, n_threads=n_threads,
        )  # fmt: skip
        with collected_warnings():  # `Cell.is_converged` replaces the warning
            fitted = model._fitted(samples, sample_weight=weight)
        model._replace_fitted_attributes({**features, **fitted})
        pruned = model.prune().set_params(reg_covar=reg_covar)
        log_prob = pruned._predicted_of(Predictor.log_prob, samples)
        log_likelihood, total_weight = weighted_sum(log_prob, weight)
        threads = resolve_n_threads(n_threads)
        _, log_certainty = scores_of(pruned._predictor(), ArraySource(samples, threads, weight))
        cells.append(
            Cell(
                len(pruned.weights_), STRUCTURES_BY_NAME[name].name, len(samples),
                pruned._n_parameters(), log_likelihood, pruned, n_started=model.n_components,
                total_weight=total_weight, log_certainty=log_certainty,
            )
        )  # fmt: skip
        on_cell(cells[-1])
    return cells
