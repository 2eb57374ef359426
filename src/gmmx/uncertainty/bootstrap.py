"""Bootstrap and jackknife of a fitted mixture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_component_count, check_parameters
from gmmx.checks.random_state import check_random_state
from gmmx.checks.samples import check_spread
from gmmx.em.loop import EMResult, run_em
from gmmx.em.stopping import ROUNDING
from gmmx.estimators.columns import in_parallel
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.exceptions import warn_convergence
from gmmx.model.collapse import DegenerateMixtureError, empty_error
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource
from gmmx.uncertainty.bootstrap_result import BootstrapResult, ParameterUncertainty
from gmmx.uncertainty.draws import repeated_draws
from gmmx.uncertainty.matching import matched
from gmmx.uncertainty.resampling import RESAMPLING, without_row

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, Samples

JACKKNIFE = "jackknife"
KINDS = (*RESAMPLING, JACKKNIFE)
PARAMETERS = ("weights", "means", "covariance.covariances")
MAX_ITER = 10_000
# EM ends when the total log-likelihood changes by less, in nats. Where an iteration makes one
# percent of the way, 1e-4 nats are left, and a parameter is off by 1.4 percent of its standard
# error: the loss of likelihood is half the square of this share.
TOLERANCE = 1e-6


def bootstrap(
    model: GaussianMixture,
    X: ArrayLike,
    kind: str = "nonparametric",
    *,
    n_bootstrap: int = 999,
    level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
    n_threads: int | None = None,
) -> BootstrapResult:
    """Return standard errors and intervals of a mixture's parameters.

    The mixture is fitted again to many samples that are drawn in place of X. Each refit starts from
    the mixture, and its components are matched with those of the mixture.

    Parameters
    ----------
    model : GaussianMixture
        A fitted mixture. It is not changed.
    X : array-like of shape (n_samples, n_features)
        The samples of its fit.
    kind : {'nonparametric', 'weighted', 'parametric', 'jackknife'}, default='nonparametric'
        How samples are drawn. 'nonparametric': rows of X with replacement. 'weighted': all rows of
        X with weights from the exponential distribution, so that small clusters are never left
        out. 'parametric': from the mixture. 'jackknife': X without one of its rows, for each row.
    n_bootstrap : int, default=999
        Number of draws. The jackknife makes n_samples refits instead.
    level : float, default=0.95
        Level of the intervals.
    random_state : int, RandomState or None, default=None
        Seed of the draws.
    n_threads : int or None, default=None
        Number of refits at the same time; None uses all cores that the process may use. The result
        is the same bits for every number.

    Returns
    -------
    BootstrapResult
        The attributes `weights`, `means` and `covariances` hold estimates, standard errors,
        intervals and all draws. Its representation is a table.

    Raises
    ------
    NotFittedError
        If the mixture is not fitted.
    DegenerateMixtureError
        If a component collapses in the fit to X, in all attempts of one draw, or in all but one
        refit of the jackknife.
    TypeError, ValueError
        If `model` is no GaussianMixture, or another argument is invalid.

    Warns
    -----
    ConvergenceWarning
        If EM did not converge in some of the refits.

    Notes
    -----
    All refits run until the total log-likelihood changes by less than 1e-6 nats in an iteration,
    whatever the `tol` of the mixture. The attribute `estimate` therefore holds the maximum
    likelihood estimate that EM reaches from the mixture, which may differ from a mixture whose fit
    stopped early.

    Intervals of a bootstrap reach between percentiles of the draws. Intervals of the jackknife are
    those of a normal distribution around the estimate. A mixture with a component of few samples
    may have intervals that are too short, since all refits start from the mixture.

    There are no weights of samples: they do not tell how many independent samples there are.

    References
    ----------
    Efron, Tibshirani (1993), "An introduction to the bootstrap". Newton, Raftery (1994),
    "Approximate Bayesian inference with the weighted likelihood bootstrap", Journal of the Royal
    Statistical Society B 56. O'Hagan, Murphy, Scrucca, Gormley (2019), "Investigation of parameter
    uncertainty in clustering using a Gaussian mixture model via jackknife, bootstrap and weighted
    likelihood bootstrap", Computational Statistics 34.

    Examples
    --------
    The standard error of a mean of n samples is its standard deviation / sqrt(n), here 0.1:

    >>> import numpy as np
    >>> from gmmx import GaussianMixture, bootstrap
    >>> X = np.random.default_rng(0).normal(size=(100, 1))
    >>> model = GaussianMixture().fit(X)
    >>> result = bootstrap(model, X, n_bootstrap=200, random_state=0)
    >>> result.means.standard_error.round(2)
    array([[0.1]])
    >>> bool(result.means.lower[0, 0] < result.means.estimate[0, 0] < result.means.upper[0, 0])
    True
    """
    given = {
        "kind": kind, "n_bootstrap": n_bootstrap, "level": level, "random_state": random_state,
        "n_threads": n_threads,
    }  # fmt: skip
    check_parameters(given, "bootstrap", {"kind": KINDS})
    samples, n_threads = _checked_samples(model, X), resolve_n_threads(n_threads)
    source = ArraySource(samples, n_threads)
    start = _refit(model, source, model._parameters(), TOLERANCE / len(samples))
    if kind == JACKKNIFE:
        refits, n_failed = _jackknife(model, samples, start, n_threads)
    else:
        draw = partial(_draw, model, samples, kind, start.parameters)
        refits, n_failed = repeated_draws(
            draw, n_bootstrap, check_random_state(random_state), n_threads
        )
    _warn_about_convergence([start, *refits])
    weights, means, covariances = _uncertainties(kind, level, start, refits)
    return BootstrapResult(
        kind, model.covariance_type, level, n_failed, weights, means, covariances
    )  # fmt: skip


def _checked_samples(model: GaussianMixture, X: ArrayLike) -> Array:
    """Return the samples in float64, in which small differences of refits are not rounded away."""
    if not isinstance(model, GaussianMixture):
        raise TypeError(
            f"bootstrap needs a GaussianMixture, got {type(model).__name__}: it fits the mixture "
            "again by maximum likelihood. Of a GaussianMixtureIC, pass its best_estimator_."
        )
    samples = np.asarray(model._check_new_samples(X), dtype=np.float64)
    check_component_count(max(2, len(model.means_)), len(samples))
    check_spread(samples)
    return samples


def _uncertainties(
    kind: str, level: float, start: EMResult, refits: Sequence[EMResult]
) -> Iterator[ParameterUncertainty]:
    """Yield the uncertainties of weights, means and covariances."""
    estimate = start.parameters
    draws = [matched(refit.parameters, estimate) for refit in refits]
    of_draws = ParameterUncertainty.of_bootstrap
    if kind == JACKKNIFE:
        of_draws = ParameterUncertainty.of_jackknife
    for value_of in map(attrgetter, PARAMETERS):
        yield of_draws(value_of(estimate), np.stack([value_of(draw) for draw in draws]), level)


def _draw(
    model: GaussianMixture,
    X: Samples,
    kind: str,
    estimate: MixtureParameters,
    random_state: np.random.RandomState,
) -> EMResult:
    """Return the refit to one draw."""
    source = RESAMPLING[kind](X, estimate, random_state)
    return _refit(model, source, estimate, TOLERANCE / len(X))


def _jackknife(
    model: GaussianMixture, X: Samples, start: EMResult, n_threads: int
) -> tuple[list[EMResult], int]:
    """Return the refits without each of the rows, and the number of failed ones."""
    # Likelihoods of the refits differ by 1 / n, where those of a bootstrap differ by 1.
    tol = max(TOLERANCE / len(X) ** 2, ROUNDING * abs(start.lower_bound))

    def without(row: int) -> EMResult:
        return _refit(model, without_row(X, row), start.parameters, tol)

    outcomes = list(in_parallel(without, [(row,) for row in range(len(X))], n_threads))
    refits = [one for one in outcomes if not isinstance(one, Exception)]
    errors = [one for one in outcomes if isinstance(one, Exception)]
    for error in errors:
        if len(refits) < 2 or not isinstance(error, DegenerateMixtureError):
            raise error
    return refits, len(errors)


def _refit(
    model: GaussianMixture, samples: ArraySource, start: MixtureParameters, tol: float
) -> EMResult:
    """Run EM with the settings of the model, until the likelihood changes by less than `tol`.

    The change is that of the mean log-likelihood in one iteration.

    Raises `DegenerateMixtureError` if a component collapses or loses all samples.
    """
    with np.errstate(all="ignore"):
        result = run_em(start, model._plan(samples).steps, tol, MAX_ITER)
    empty = result.parameters.empty
    if empty.size:
        raise empty_error(int(empty[0]), samples.total_weight)
    return result


def _warn_about_convergence(refits: Sequence[EMResult]) -> None:
    """Warn if EM made its largest number of iterations without convergence."""
    n_open = sum(not refit.converged for refit in refits)
    if n_open:
        warn_convergence(
            f"EM did not converge in {n_open} of {len(refits)} refits within {MAX_ITER} "
            "iterations. Use fewer components: the likelihood hardly depends on some parameters."
        )
