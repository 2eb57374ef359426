from numpy import float64, intc, intp, uint8
from numpy.typing import NDArray

def sparse_features(
    belongs: NDArray[uint8],
    ranks: NDArray[intc],
    gaps: NDArray[float64],
    first_gap: NDArray[intc],
    widths: NDArray[float64],
) -> tuple[NDArray[intp], NDArray[intp]]: ...
