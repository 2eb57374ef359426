from typing import Any

from numpy import float64
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class SmallEM:
    def __init__(
        self,
        X: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        weights: NDArray[float64],
        means: NDArray[float64],
        covariances: NDArray[float64],
        factors: NDArray[float64],
        *,
        are_matrices: bool,
        is_shared: bool,
        constraint: str | None,
        equal_weights: bool,
        reg_covar: float,
        total_weight: float,
        largest_weight: float,
        smallest_count: float,
        smallest_pivot: float,
        largest_sq_shift: float,
    ) -> None: ...
    def parameters(
        self,
    ) -> tuple[NDArray[float64], NDArray[float64], NDArray[float64], NDArray[float64]]: ...
    def iterate(
        self, bounds: NDArray[float64], lower_bound: float, scale: float, tol: float
    ) -> tuple[int, bool, bool]: ...
