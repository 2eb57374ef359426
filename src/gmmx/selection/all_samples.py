"""The fit to all samples of the mixture that a search of a part of them has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gmmx.blocks.block_source import BlockSource
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.selection.cells import Cell
from gmmx.selection.scores import scores_of

if TYPE_CHECKING:
    from gmmx.contract.estimator import FeatureAttributes

TOL, MAX_ITER = 1e-6, 200  # the first in nats per sample


def fitted_to_all(
    best: Cell,
    source: BlockSource,
    features: FeatureAttributes,
    *,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    on_pass: Callable[[], object] = lambda: None,
) -> Cell:
    """Return the best cell of a search with its mixture fitted to all samples, from its parameters.

    Parameters
    ----------
    best : Cell
        A cell with a mixture of some of the samples.
    source : BlockSource
        All samples.
    features : FeatureAttributes
        Fitted attributes that describe the features.
    tol : float or None, default=None
        The change of the mean log-likelihood, in nats per sample, at which EM has converged; None
        stands for 1e-6.
    max_iter : int, default=200
        Largest number of iterations.
    on_pass : callable, optional
        Called after each iteration.
    """
    start = best.mixture
    model = GaussianMixture(
        len(start.weights_), covariance_type=start.covariance_type,
        tol=TOL if tol is None else tol, max_iter=max_iter, reg_covar=start.reg_covar,
        weights_init=start.weights_, means_init=start.means_,
        precisions_init=start.precisions_, callback=lambda n_iter, bound: on_pass(),
    )  # fmt: skip
    model._store_fit(features, lambda: model._fitted_to(source))
    log_likelihood, log_certainty = scores_of(model._predictor(), source)
    return replace(
        best, model=model.set_params(callback=None), log_likelihood=log_likelihood,
        log_certainty=log_certainty, n_samples=source.n_samples,
        total_weight=source.total_weight * source.weight_unit,
    )  # fmt: skip
