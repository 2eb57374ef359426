from numpy import float64, intp
from numpy.typing import NDArray
from typing_extensions import disjoint_base

def agglomerate(
    rows: NDArray[float64], weight: NDArray[float64], alpha: float, is_ward: bool
) -> NDArray[intp]: ...

@disjoint_base
class Memory: ...
