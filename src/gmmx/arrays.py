"""Types of arrays, for annotations only: importing `numpy.typing` takes longer than all of gmmx.

Modules import this one under ``if TYPE_CHECKING``.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "ArrayLike", "FloatArray", "Labels", "NDArray", "Samples"]

Array = NDArray[np.float64]
FloatArray = NDArray[np.floating[Any]]
Samples = FloatArray  # (n_samples, n_features), C-contiguous
Labels = NDArray[np.int64]
