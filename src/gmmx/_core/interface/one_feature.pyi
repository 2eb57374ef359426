from typing import Any

from numpy import float64
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class OneFeatureIteration:
    def __init__(
        self,
        X: NDArray[Any],
        concentration: NDArray[float64],
        *,
        mean: float,
        mean_precision: float,
        scatter: float,
        degrees_of_freedom: float,
        reg_covar: float,
        smallest_count: float,
        largest_sq_shift: float,
        n_threads: int,
        sample_weight: NDArray[Any] | None = None,
    ) -> None: ...
    def __call__(
        self,
        means: NDArray[float64],
        factors: NDArray[float64],
        log_scale: NDArray[float64],
        weights: NDArray[float64],
    ) -> tuple[NDArray[float64], float, float, float] | None: ...
