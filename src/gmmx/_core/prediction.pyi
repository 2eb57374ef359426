from numpy import float32, float64, int64
from numpy.typing import NDArray

class Snapshot:
    def __init__(self, attributes: dict[str, object], names: tuple[str, ...]) -> None: ...
    def matches(self, attributes: dict[str, object]) -> bool: ...

class Predictor:
    @property
    def n_features(self) -> int: ...
    def __init__(
        self,
        means: NDArray[float64],
        factors: NDArray[float64],
        log_scale: NDArray[float64],
        layout: str,
        center: NDArray[float64] | None = None,
    ) -> None: ...
    def labels(self, X: object, n_threads: int | None) -> NDArray[int64] | None: ...
    def log_prob(
        self, X: object, n_threads: int | None
    ) -> NDArray[float32] | NDArray[float64] | None: ...
    def resp(
        self, X: object, n_threads: int | None
    ) -> NDArray[float32] | NDArray[float64] | None: ...
