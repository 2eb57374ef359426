"""Types of arrays, for annotations.

Modules import this file under ``if TYPE_CHECKING`` only, since importing `numpy.typing` takes
longer than importing gmmx.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "ArrayLike", "FloatArray", "Labels", "NDArray", "Samples"]

Array = NDArray[np.float64]
FloatArray = NDArray[np.floating[Any]]
Samples = FloatArray  # (n_samples, n_features), C-contiguous
Labels = NDArray[np.int64]
