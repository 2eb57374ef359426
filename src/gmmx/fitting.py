"""EM from several starts; its best result as fitted attributes, and parameters from these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.covariance import CovarianceStructure
from gmmx.degenerate import DegenerateMixtureError, Repair
from gmmx.em import EMResult, ExpectationMaximization, run_em
from gmmx.exceptions import warn_convergence
from gmmx.matrix_validation import check_fitted_matrices
from gmmx.parameters import MixtureParameters
from gmmx.squarem import Chart, SquaredExtrapolation
from gmmx.stopping import AbsoluteChange, StoppingRule
from gmmx.verbose import VerboseReport

if TYPE_CHECKING:
    from gmmx.arrays import Array

ALGORITHMS: dict[
    str, Callable[[Callable[[MixtureParameters], Chart]], SquaredExtrapolation | None]
] = {
    "em": lambda chart: None,
    "squarem": SquaredExtrapolation,
}


def best_of(
    starts: Iterable[Callable[[], MixtureParameters]],
    steps: ExpectationMaximization,
    *,
    tol: float,
    max_iter: int,
    algorithm: str,
    lower_bound: float,
    report: VerboseReport,
    callback: Callable[[int, float], object] | None = None,
    stopping: Callable[[], StoppingRule] = AbsoluteChange,
    repair: Callable[[], Repair | None] = lambda: None,
) -> EMResult:
    """The result with the largest likelihood; a start that collapses is discarded.

    Raises `DegenerateMixtureError` if every start collapses. `stopping` and `repair` make what
    one start needs. A callback that returns something true ends the search for a better start.
    """
    best, collapse = None, None
    observer = _Observer(report, callback)
    for init, start in enumerate(starts):
        report.start(init, lower_bound)
        try:
            # What overflows is looked for in the statistics, what underflows does no harm.
            with np.errstate(all="ignore"):
                result = run_em(
                    start(), steps.e_step, steps.m_step, tol, max_iter, bound=steps.bound,
                    lower_bound=lower_bound, callback=observer,
                    acceleration=ALGORITHMS[algorithm](steps.chart), stopping=stopping(),
                    repair=repair(),
                )  # fmt: skip
        except DegenerateMixtureError as error:
            collapse = error
            continue
        if max_iter > 0:
            report.end(result)
        if best is None or max_iter == 0 or result.lower_bound > best.lower_bound:
            best = result
        if result.is_stopped:
            break
    if best is None:
        assert collapse is not None
        raise collapse
    return best


class _Observer:
    """What looks on after each iteration: the report, and the user's callback."""

    def __init__(
        self, report: VerboseReport, callback: Callable[[int, float], object] | None
    ) -> None:
        self.report = report
        self.callback = callback
        self.errors = np.geterr()

    def __call__(self, n_iter: int, lower_bound: float) -> bool:
        """Whether to end EM."""
        self.report.iteration(n_iter, lower_bound)
        if self.callback is None:
            return False
        with np.errstate(**self.errors):
            return bool(self.callback(n_iter, lower_bound))


def warn_about(result: EMResult, max_iter: int) -> None:
    """Warn of repairs, of EM that did not converge, and of components that lost all samples."""
    for action in result.repairs:
        warn_convergence(f"{action[0].upper()}{action[1:]}.")
    if not (result.converged or result.is_stopped) and max_iter > 0:
        warn_convergence(
            "Best performing initialization did not converge. Try different init parameters, or "
            "increase max_iter, tol, or check for degenerate data."
        )
    emptied = result.emptied
    if emptied:
        warn_convergence(
            f"Components {emptied} hold no samples: their weight is 0, their means and "
            "covariances are the last that they had. Use fewer components or other starting "
            "values."
        )


def fitted_attributes(result: EMResult, dtype: np.dtype[Any] | type[np.float64]) -> dict[str, Any]:
    """Fitted attributes of a result, arrays in the samples' precision."""
    parameters, covariance = result.parameters, result.parameters.covariance
    with np.errstate(all="ignore"):
        arrays = {
            "weights_": parameters.weights,
            "means_": parameters.means,
            "covariances_": covariance.covariances,
            "precisions_": covariance.precisions(),
            "precisions_cholesky_": covariance.precisions_cholesky,
        }
        arrays = {name: np.array(values, dtype=dtype) for name, values in arrays.items()}
    return {
        **arrays,
        "converged_": result.converged,
        "n_iter_": result.n_iter,
        "lower_bound_": np.float64(result.lower_bound),
        "lower_bounds_": [np.float64(bound) for bound in result.lower_bounds],
    }


def fitted_means_and_covariance(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure]
) -> tuple[Array, CovarianceStructure]:
    """Means and covariances in float64; precisions stand for covariances left out."""
    means, factors = (
        np.ascontiguousarray(fitted[name], dtype=np.float64)
        for name in ("means_", "precisions_cholesky_")
    )
    factors = factors.reshape(np.shape(fitted["precisions_cholesky_"]))
    check_fitted_matrices(fitted, structure, structure.covariance_shape(*means.shape))
    if "covariances_" not in fitted:
        unknown = structure(factors, factors, *means.shape)
        return means, structure.from_precisions(unknown.precisions(), *means.shape)
    covariances = np.asarray(fitted["covariances_"], dtype=np.float64)
    return means, structure(covariances, factors, *means.shape)


def fitted_distribution(
    fitted: Mapping[str, Any], structure: type[CovarianceStructure]
) -> MixtureParameters:
    """Weights, means and covariances in float64, whose precisions are left unknown."""
    weights, means, covariances = (
        np.asarray(fitted[name], dtype=np.float64)
        for name in ("weights_", "means_", "covariances_")
    )
    check_fitted_matrices(fitted, structure, structure.covariance_shape(*means.shape))
    unknown = np.full(covariances.shape, np.nan)
    return MixtureParameters(weights, means, structure(covariances, unknown, *means.shape))
