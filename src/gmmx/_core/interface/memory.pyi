from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class Memory:
    def __new__(cls, size: int) -> Self: ...

def forget_spare() -> None: ...
def large_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]: ...
