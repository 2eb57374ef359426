from numpy import float64
from numpy.typing import NDArray

EXTRA_COUNT: float

def stick_breaking(
    taken: NDArray[float64], left: NDArray[float64]
) -> tuple[NDArray[float64], float]: ...
def dirichlet(alpha: NDArray[float64]) -> tuple[NDArray[float64], float]: ...
def gauss_wishart(
    log_weights: NDArray[float64],
    mean_precision: NDArray[float64],
    degrees_of_freedom: NDArray[float64],
    factors: NDArray[float64],
    D: int,
) -> tuple[NDArray[float64], float]: ...
def gauss_wishart_posterior(
    counts: NDArray[float64],
    shift: NDArray[float64],
    origin: NDArray[float64],
    second: NDArray[float64],
    mean: NDArray[float64],
    mean_precision: float,
    scatter: NDArray[float64],
    degrees_of_freedom: float,
    reg_covar: float,
    means: NDArray[float64],
    mean_precisions: NDArray[float64],
    degrees: NDArray[float64],
    covariances: NDArray[float64],
) -> None: ...
