"""Files of numbers that are read block by block: large ``.npy`` and Parquet, directories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmmx.blocks.arrow import ArrowData
from gmmx.blocks.block import Block, Blocks
from gmmx.blocks.mapped import MappedArrays, map_file
from gmmx.cli.errors import CommandLineError, file_error
from gmmx.cli.reading.columns import Columns, Header, select_columns
from gmmx.cli.reading.options import ReadOptions

SMALLEST = 1 << 28  # bytes of numbers from which on a file is read block by block
EXTENSIONS = (".npy", ".parquet")


@dataclass(frozen=True)
class LargeFile:
    """A file or a directory whose rows are read in blocks, again and again.

    Attributes
    ----------
    label : str
        Name of the file in messages.
    header : Header
        The columns.
    columns : Columns
        The columns in use.
    blocks : Blocks
        The rows.
    positions : tuple of int
        Positions of the columns in use, `columns.numbers`, in a block.
    skips_missing : bool
        Whether rows with missing values are left out.
    """

    label: str
    header: Header
    columns: Columns
    blocks: Blocks
    positions: tuple[int, ...]
    skips_missing: bool

    @classmethod
    def of(cls, path: Path, options: ReadOptions, expected: Sequence[str] = ()) -> LargeFile:
        """Open a file or a directory, and choose its columns."""
        if options.id_column is not None:
            raise CommandLineError(f"{path}: --id is not for files that are read in blocks")
        with errors_of(path):
            blocks = _blocks_of(_parts(path))
            is_named = isinstance(blocks, ArrowData)
            if isinstance(blocks, ArrowData):
                names = blocks.column_names
            else:
                names = [""] * _n_columns(blocks)
        header = Header.of(str(path), names, is_named=is_named)
        columns = select_columns(header, options, tuple(expected))
        positions = columns.numbers
        if isinstance(blocks, ArrowData):
            blocks = ArrowData(blocks.data, [header.names[i] for i in columns.numbers])
            positions = tuple(range(len(positions)))
        return cls(str(path), header, columns, blocks, positions, options.skip_missing)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(self.header.names[i] for i in self.columns.features)

    def __iter__(self) -> Iterator[Block]:
        """Yield the features of each block that is not empty, and the weights if there are any."""
        return (block for is_used, block in self.parts() if is_used.any())

    def parts(self) -> Iterator[tuple[NDArray[np.bool_], Block]]:
        """Yield a mask of the rows in use, and the block of these rows, for each block."""
        n_features = len(self.columns.features)
        with errors_of(Path(self.label)):
            for block in self.blocks:
                values = np.asarray(block.X)[:, self.positions]
                is_used = np.ones(len(values), dtype=bool)
                if self.skips_missing:
                    is_used = ~np.isnan(values).any(axis=1)
                    values = values[is_used]
                weight = None if self.columns.weights is None else values[:, n_features]
                yield is_used, Block(values[:, :n_features], weight, block.place, block.row)


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn errors of reading, and of fits to the rows, into errors that name the file."""
    try:
        yield
    except OSError as error:
        raise file_error(path, error) from error
    except (ImportError, ValueError, TypeError) as error:
        raise CommandLineError(f"{path}: {error}") from error


def is_large(path: Path | None) -> bool:
    """Return whether a path names a directory, or a file that is read block by block."""
    if path is None:
        return False
    if path.is_dir():
        return True
    return path.suffix.lower() in EXTENSIONS and path.is_file() and _size_of(path) >= SMALLEST


def _size_of(path: Path) -> int:
    """Return the bytes of the numbers in a file, as it holds them or in float64."""
    if path.suffix.lower() == ".npy":
        return path.stat().st_size
    try:
        from pyarrow import parquet  # noqa: PLC0415 - optional extra

        metadata = parquet.ParquetFile(path).metadata
    except (ImportError, OSError, ValueError):
        return 0  # reading the file as a small one reports the error
    return int(8 * metadata.num_rows * metadata.num_columns)


def _parts(path: Path) -> list[Path]:
    """Return the file, or the files of a directory in the order of their names."""
    if not path.is_dir():
        return [path]
    for extension in EXTENSIONS:
        found = sorted(path.rglob(f"*{extension}"))
        if found:
            return found
    raise CommandLineError(f"{path}: holds no file with extension {' or '.join(EXTENSIONS)}")


def _blocks_of(paths: Sequence[Path]) -> MappedArrays | ArrowData:
    """Return the rows of ``.npy`` or of Parquet files."""
    names = [str(path) for path in paths]
    if names[0].lower().endswith(".npy"):
        return MappedArrays([(name, partial(_mapped_table, name)) for name in names])
    return ArrowData.of_files(names)


def _mapped_table(path: str) -> NDArray[Any]:
    """Return the table of a ``.npy`` file; an array of one dimension is one column."""
    values = map_file(path)
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2:
        raise ValueError(
            f"{path} holds an array of shape {values.shape}, expected rows and columns"
        )
    return values


def _n_columns(arrays: MappedArrays) -> int:
    """Return the number of columns of the arrays; raise if it is not the same in all."""
    (first, mapped), *others = arrays.arrays
    n_columns = int(mapped().shape[1])
    for name, other in others:
        if other().shape[1] != n_columns:
            raise ValueError(f"{name} has {other().shape[1]} columns, but {first} has {n_columns}")
    return n_columns
