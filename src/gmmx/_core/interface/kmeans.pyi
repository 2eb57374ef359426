from numpy import float32, float64, int64
from numpy.typing import NDArray
from typing_extensions import disjoint_base

def install(double_table: object, single_table: object) -> None: ...
def kmeans_plusplus(
    X: NDArray[float32] | NDArray[float64],
    mean: NDArray[float64],
    first: int,
    draws: NDArray[float64],
    n_threads: int,
    weight: NDArray[float64] | None = None,
) -> NDArray[int64]: ...
def cluster_moments(
    X: NDArray[float32] | NDArray[float64],
    origin: NDArray[float64],
    n_threads: int,
    *,
    labels: NDArray[int64] | None = None,
    weight: NDArray[float64] | None = None,
) -> NDArray[float64]: ...

@disjoint_base
class Memory: ...

@disjoint_base
class Assignment:
    labels: NDArray[int64]
    counts: NDArray[float64]
    totals: NDArray[float64]
    centers: NDArray[float64]
    def __init__(
        self,
        X: NDArray[float32] | NDArray[float64],
        mean: NDArray[float64],
        centers: NDArray[float64],
        n_threads: int,
        weight: NDArray[float64] | None = None,
    ) -> None: ...
    def assign(self) -> int: ...
    def has_empty(self) -> bool: ...
    def move_centers(self, counts: NDArray[float64], totals: NDArray[float64]) -> float: ...
