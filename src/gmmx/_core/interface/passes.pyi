from numpy import float32, float64, int64
from numpy.typing import NDArray

def supported_levels() -> list[str]: ...
def install(double_table: object, single_table: object) -> None: ...
def max_threads() -> int: ...
def forget_threads() -> None: ...
def em_pass(
    X: NDArray[float32] | NDArray[float64],
    means: NDArray[float64],
    factors: NDArray[float64],
    log_scale: NDArray[float64],
    layout: str,
    n_threads: int,
    *,
    moments: int = 0,
    origin: NDArray[float64] | None = None,
    center: NDArray[float64] | None = None,
    weights: NDArray[float64] | None = None,
    sample_weight: NDArray[float32] | NDArray[float64] | None = None,
    order: NDArray[int64] | None = None,
    n_skipped: NDArray[int64] | None = None,
    weighted_log_prob: NDArray[float32] | NDArray[float64] | None = None,
    resp: NDArray[float32] | NDArray[float64] | None = None,
    log_prob: NDArray[float32] | NDArray[float64] | None = None,
    labels: NDArray[int64] | None = None,
) -> NDArray[float64] | None: ...
def moments_of(
    X: NDArray[float32] | NDArray[float64],
    origin: NDArray[float64],
    layout: str,
    n_threads: int,
    *,
    moments: int = 2,
    labels: NDArray[int64] | None = None,
    resp: NDArray[float32] | NDArray[float64] | None = None,
    sample_weight: NDArray[float32] | NDArray[float64] | None = None,
) -> NDArray[float64]: ...
def factorize(
    matrices: NDArray[float64],
    smallest: float,
    invert: bool,
    factors: NDArray[float64],
    n_threads: int,
) -> int: ...
