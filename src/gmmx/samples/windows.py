"""Windows: consecutive samples that one compiled pass reads.

A pass over many samples is cut into windows by row number, and the sums over the windows are added
in their order. The cut depends on the number of features only, so that samples in an array and the
same samples in blocks of a file give the same sums to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gmmx.arrays import FloatArray, Samples

WINDOW_VALUES = 1 << 21  # 16 MiB in float64
SMALLEST_WINDOW = 1 << 10  # samples, however many features they have


class Window(NamedTuple):
    """Consecutive samples.

    Attributes
    ----------
    start : int
        Row number of the first sample.
    X : ndarray of shape (n_rows, n_features)
        Samples.
    weight : ndarray of shape (n_rows,) or None
        Weights of the samples.
    """

    start: int
    X: Samples
    weight: FloatArray | None = None


def window_size(n_features: int) -> int:
    """Return the number of samples in a window, a power of 2."""
    most = max(WINDOW_VALUES // n_features, SMALLEST_WINDOW)
    return 1 << (most.bit_length() - 1)
