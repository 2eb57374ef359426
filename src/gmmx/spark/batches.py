"""Arrow batches of features and weights, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gmmx.checks.samples import first_not_finite

if TYPE_CHECKING:
    from gmmx.arrays import Array, FloatArray, NDArray


class BatchReader:
    """Convert the Arrow batches of one partition to arrays, and check their values.

    Parameters
    ----------
    features : str
        Names of the columns that hold the features, for messages.
    partition : int
        Number of the partition, for messages.
    weight : str, optional
        Name of the column that holds the weights, for messages.
    """

    def __init__(self, features: str, partition: int, weight: str | None = None) -> None:
        self.features = features
        self.partition = partition
        self.weight = weight
        self.n_features: int | None = None
        self.n_rows = 0  # in the batches before

    def rows(self, features: pa.ListArray) -> FloatArray:
        """Return the features of a batch, (n_rows, n_features).

        Raises
        ------
        ValueError
            If a value is null, NaN or infinite, or if arrays differ in length.
        """
        self._refuse(_is_null(features), self.features, "null")
        lengths = features.value_lengths().to_numpy(zero_copy_only=False)
        if self.n_features is None and lengths.size:
            self.n_features = int(lengths[0])
        n_features = self.n_features or 0
        is_other = lengths != n_features
        if is_other.any():
            found = lengths[int(np.argmax(is_other))]
            self._refuse(is_other, self.features, f"{found} features instead of {n_features}")
        values, shape = features.flatten(), (len(features), n_features)
        if values.null_count:
            self._refuse(_is_null(values).reshape(shape).any(axis=1), self.features, "null")
        numbers: FloatArray = values.to_numpy(zero_copy_only=False).reshape(shape)
        self._refuse_infinite(numbers, self.features)
        return numbers

    def weights(self, values: pa.Array) -> Array:
        """Return the weights of a batch, (n_rows,).

        Raises
        ------
        ValueError
            If a weight is null, NaN, infinite or negative.
        """
        name = str(self.weight)
        self._refuse(_is_null(values), name, "null")
        weights: Array = values.to_numpy(zero_copy_only=False)
        self._refuse_infinite(weights, name)
        self._refuse(weights < 0, name, "a negative weight")
        return weights

    def read(self, batch: pa.RecordBatch) -> tuple[FloatArray, ...]:
        """Return the features of a batch and, if there are any, the weights.

        The first column of the batch holds the features, the second the weights. Rows of weight 0
        are left out.
        """
        rows: tuple[FloatArray, ...] = (self.rows(batch.column(0)),)
        if self.weight is not None:
            weights = self.weights(batch.column(1))
            is_kept = weights > 0
            rows = rows[0][is_kept], weights[is_kept]
        self.n_rows += batch.num_rows
        return rows

    def _refuse_infinite(self, numbers: FloatArray, name: str) -> None:
        """Raise ValueError if a number is NaN or infinite."""
        index = first_not_finite(numbers)
        if index is not None:
            found = "NaN" if np.isnan(numbers[index]) else "infinity"
            raise self._error(index[0], name, found)

    def _refuse(self, is_bad: Any, name: str, found: str) -> None:
        """Raise ValueError that names the first bad row."""
        if is_bad.any():
            raise self._error(int(np.argmax(is_bad)), name, found)

    def _error(self, row: int, name: str, found: str) -> ValueError:
        """Return the error for a row of the batch."""
        return ValueError(
            f"{name} holds {found} in row {self.n_rows + row} of partition {self.partition}. "
            "Repair or drop such rows."
        )


def _is_null(values: pa.Array) -> NDArray[np.bool_]:
    """Return whether each value is null."""
    is_null: NDArray[np.bool_] = values.is_null().to_numpy(zero_copy_only=False)
    return is_null
