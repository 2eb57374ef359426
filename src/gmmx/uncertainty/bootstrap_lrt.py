"""Test of the number of components by the bootstrap of the likelihood ratio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.constructor import check_component_count, check_parameters
from gmmx.checks.feature_names import feature_names
from gmmx.checks.feature_scale import reg_covar_of
from gmmx.checks.parameters import check_name_for_features
from gmmx.checks.random_state import check_random_state
from gmmx.checks.samples import check_samples, check_spread
from gmmx.contract.tables import Table
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.model.covariance import STRUCTURES_BY_NAME
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource
from gmmx.uncertainty.draws import repeated_draws
from gmmx.uncertainty.likelihood_ratio import LikelihoodRatio

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, NDArray

NULL_STARTS = 20  # of the mixture under the null hypothesis, fitted once


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapLRT:
    """Tests of the number of components; the result of `bootstrap_lrt`.

    Attributes
    ----------
    n_components : int
        Selected number of components: the first that is not rejected.
    model : GaussianMixture
        The fitted mixture with this number of components.
    level : float
        Significance level of each test.
    tested : ndarray of shape (n_tests,)
        Numbers of components of the null hypotheses, 1, 2, ...; the alternative has one more.
    statistic : ndarray of shape (n_tests,)
        Likelihood ratios: twice the gain in log-likelihood by one component more.
    p_value : ndarray of shape (n_tests,)
        (1 + number of draws with a statistic at least as large) / (1 + n_bootstrap).
    draws : ndarray of shape (n_bootstrap, n_tests)
        Statistics of samples drawn under the null hypotheses.
    n_failed : ndarray of shape (n_tests,)
        Numbers of samples in which a component collapsed in every start; others replaced them.
    """

    n_components: int
    model: GaussianMixture
    level: float
    tested: NDArray[np.int64]
    statistic: Array
    p_value: Array
    draws: Array
    n_failed: NDArray[np.int64]

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        """Return a row for each test."""
        critical = critical_values(self.draws, self.level)
        shown = ["none"] * len(self.tested) if critical is None else [f"{c:.4g}" for c in critical]
        rows = [
            (f"{k} against {k + 1}", f"{statistic:.4g}", value, f"{p_value:.4g}")
            for k, statistic, value, p_value in zip(
                self.tested.tolist(), self.statistic, shown, self.p_value, strict=True
            )
        ]
        caption = (
            f"{self.model.covariance_type}, {len(self.draws)} draws, level {self.level:g}: "
            f"{self.n_components} component{'' if self.n_components == 1 else 's'}"
        )
        return Table(caption, ("components", "likelihood ratio", "critical value", "p-value"), rows)


def critical_values(draws: Array, level: float) -> Array | None:
    """Return the likelihood ratios that the samples must exceed, for tests to reject at a level.

    Parameters
    ----------
    draws : ndarray of shape (n_bootstrap, n_tests)
        Statistics of samples drawn under the null hypotheses.
    level : float
        Significance level.

    Returns
    -------
    ndarray of shape (n_tests,) or None
        For each test one of its draws; None if there are too few draws to reject at this level.

    Examples
    --------
    >>> import numpy as np
    >>> critical_values(np.arange(19.0)[:, np.newaxis], 0.05)
    array([18.])
    >>> critical_values(np.arange(18.0)[:, np.newaxis], 0.05) is None
    True
    """
    # A p-value is at most the level if fewer than `n_larger` draws are at least the statistic.
    ranks = np.arange(1, len(draws) + 1)
    n_larger = np.count_nonzero(ranks / (1 + len(draws)) <= level)
    return np.asarray(np.sort(draws, axis=0)[-n_larger]) if n_larger else None


def bootstrap_lrt(
    X: ArrayLike,
    *,
    covariance_type: str = "full",
    max_components: int = 9,
    n_bootstrap: int = 999,
    level: float = 0.05,
    n_init: int = 4,
    reg_covar: float | None = None,
    random_state: int | np.random.RandomState | None = None,
    n_threads: int | None = None,
) -> BootstrapLRT:
    """Test how many components the samples need.

    A mixture of K components is tested against one of K + 1, for K = 1, 2, ..., until a test does
    not reject K. The likelihood ratio of mixtures has no known distribution, so each test draws
    samples from the fitted mixture of K components and computes their likelihood ratios.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, more than `max_components`.
    covariance_type : str, default='full'
        Covariance structure, as in `GaussianMixture`.
    max_components : int, default=9
        Largest number of components. It is not tested itself.
    n_bootstrap : int, default=999
        Number of draws of each test. The smallest p-value is 1 / (1 + n_bootstrap).
    level : float, default=0.05
        Significance level of each test.
    n_init : int, default=4
        Number of k-means++ starts of the larger mixture, in addition to starts with one component
        of the smaller mixture split in two.
    reg_covar : float or None, default=None
        Added to every variance. None: 1e-6 times the smallest variance of a feature.
    random_state : int, RandomState or None, default=None
        Seed of starts and draws.
    n_threads : int or None, default=None
        Number of draws at the same time; None uses all cores that the process may use. The result
        is the same bits for every number.

    Returns
    -------
    BootstrapLRT
        The selected number of components with its mixture, and statistics, p-values and draws of
        all tests. Its representation is a table.

    Raises
    ------
    DegenerateMixtureError
        If a component collapses in every start of a fit to X or to a draw.
    TypeError, ValueError
        If an argument is invalid, or a feature has the same value in all samples while `reg_covar`
        is None.

    Notes
    -----
    EM of the larger mixture may end in different maxima. The fits to X and to the draws therefore
    use the same starts and the same stopping rule. A larger `n_init` finds better maxima in both.

    There are no weights of samples: they do not tell how many independent samples to draw.

    References
    ----------
    McLachlan (1987), "On bootstrapping the likelihood ratio test statistic for the number of
    components in a normal mixture", Applied Statistics 36.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import bootstrap_lrt
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, 60), rng.normal(8, 1, 40)]).reshape(-1, 1)
    >>> result = bootstrap_lrt(
    ...     X, covariance_type="tied", max_components=3, n_bootstrap=99, random_state=0)
    >>> result.n_components
    2
    >>> result.p_value.round(2)[0]
    np.float64(0.01)
    """
    given = {
        "covariance_type": covariance_type, "max_components": max_components,
        "n_bootstrap": n_bootstrap, "level": level, "n_init": n_init,
        "random_state": random_state, "n_threads": n_threads,
        **({} if reg_covar is None else {"reg_covar": reg_covar}),
    }  # fmt: skip
    check_parameters(given, "bootstrap_lrt", {"covariance_type": STRUCTURES_BY_NAME})
    names = feature_names(X)
    checked = np.asarray(check_samples(X, "bootstrap_lrt", min_samples=2), dtype=np.float64)
    check_name_for_features(covariance_type, checked.shape[1])
    check_component_count(max_components, len(checked))
    check_spread(checked)
    if reg_covar is None:
        reg_covar = reg_covar_of(checked, None if names is None else names.tolist())
    n_threads, random_state = resolve_n_threads(n_threads), check_random_state(random_state)
    samples = ArraySource(checked, n_threads)
    ratio = LikelihoodRatio(STRUCTURES_BY_NAME[covariance_type], reg_covar, n_init)
    null, tests = ratio.one_component(samples), []
    while len(null.parameters.weights) < max_components:
        tests.append(_test(ratio, samples, null.parameters, n_bootstrap, random_state, n_threads))
        if tests[-1].p_value > level:
            break
        null = replace(ratio, n_init=NULL_STARTS).larger(samples, null.parameters, random_state)
    model = GaussianMixture._of(null, np.float64, names, float(len(checked)))
    model.set_params(reg_covar=reg_covar)
    return BootstrapLRT(
        model.n_components, model, level, np.arange(1, len(tests) + 1),
        np.array([test.statistic for test in tests]),
        np.array([test.p_value for test in tests]),
        np.array([test.draws for test in tests]).reshape(len(tests), n_bootstrap).T,
        np.array([test.n_failed for test in tests], dtype=np.int64),
    )  # fmt: skip


class _Test(NamedTuple):
    """The result of one test."""

    statistic: float
    p_value: float
    draws: list[float]
    n_failed: int


def _test(
    ratio: LikelihoodRatio,
    samples: ArraySource,
    null: MixtureParameters,
    n_bootstrap: int,
    random_state: np.random.RandomState,
    n_threads: int,
) -> _Test:
    """Test the number of components of a mixture against one more."""

    def draw(own: np.random.RandomState) -> float:
        rows, _ = null.sample(samples.n_samples, own)
        return ratio.statistic(ArraySource(rows, 1), null, own)

    statistic = ratio.statistic(samples, null, random_state)
    draws, n_failed = repeated_draws(draw, n_bootstrap, random_state, n_threads)
    n_as_large = sum(one >= statistic for one in draws)
    return _Test(statistic, (1 + n_as_large) / (1 + n_bootstrap), draws, n_failed)
