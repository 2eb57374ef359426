from numpy import float64, int64
from numpy.typing import NDArray

def label_order(labels: NDArray[int64], K: int, order: NDArray[int64]) -> None: ...
def log_scale(
    weights: NDArray[float64], factors: NDArray[float64], layout: str, D: int
) -> NDArray[float64]: ...
def mean_shift(
    counts: NDArray[float64], first: NDArray[float64], smallest: float
) -> NDArray[float64]: ...
def average_scatter(
    counts: NDArray[float64],
    shift: NDArray[float64],
    second: NDArray[float64],
    are_matrices: bool,
    reg_covar: float,
    covariances: NDArray[float64],
) -> None: ...
