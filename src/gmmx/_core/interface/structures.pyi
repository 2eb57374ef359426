from numpy import float64
from numpy.typing import NDArray

DONE: int
SHARED: int
SINGULAR: int

def constrain(
    name: str,
    covariances: NDArray[float64],
    shares: NDArray[float64],
    previous: NDArray[float64] | None,
) -> tuple[NDArray[float64], int]: ...
