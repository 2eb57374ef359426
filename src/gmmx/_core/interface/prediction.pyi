from typing import Self

from numpy import float32, float64, int64
from numpy.typing import NDArray
from typing_extensions import disjoint_base

IMMUTABLE: tuple[type, ...]
NO_BUFFER: tuple[type[Exception], ...]

@disjoint_base
class Contents:
    def __new__(cls, array: object) -> Self: ...

@disjoint_base
class Snapshot:
    def __init__(self, attributes: dict[str, object], names: tuple[str, ...]) -> None: ...
    def matches(self, attributes: dict[str, object]) -> bool: ...

@disjoint_base
class Predictor:
    @property
    def n_features(self) -> int: ...
    def __new__(
        cls,
        means: NDArray[float64],
        factors: NDArray[float64],
        log_scale: NDArray[float64],
        layout: str,
        center: NDArray[float64] | None = None,
        *,
        parameters: object,
        fits_single: bool = True,
    ) -> Self: ...
    def labels(self, X: object, n_threads: int | None) -> NDArray[int64] | None: ...
    def log_prob(
        self, X: object, n_threads: int | None
    ) -> NDArray[float32] | NDArray[float64] | None: ...
    def resp(
        self, X: object, n_threads: int | None
    ) -> NDArray[float32] | NDArray[float64] | None: ...
