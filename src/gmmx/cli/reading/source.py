"""Sources of tables: a file, a compressed file, or standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from gmmx.cli.errors import CommandLineError, file_error

STANDARD_INPUT = Path("-")


@dataclass(frozen=True)
class Source:
    """Bytes that can be read more than once.

    Attributes
    ----------
    label : str
        Name of the source in messages.
    title : str
        Name of the source in reports.
    suffix : str
        Extension in lower case, without ``.gz``; empty for standard input.
    path : Path or None
        The file, None for standard input.
    data : bytes
        All bytes of standard input; empty for a file.
    """

    label: str
    title: str
    suffix: str
    path: Path | None
    data: bytes = b""

    @classmethod
    def of(cls, path: Path) -> Source:
        """Return the source for an argument: a path, or ``-`` for standard input."""
        if path == STANDARD_INPUT:
            data = b"" if sys.stdin is None else sys.stdin.buffer.read()
            return cls("standard input", "standard input", "", None, data)
        name = Path(path.stem) if path.suffix.lower() == ".gz" else path
        return cls(str(path), path.name, name.suffix.lower(), path)

    @property
    def size(self) -> int:
        """Number of bytes, of a compressed file the compressed size."""
        return len(self.data) if self.path is None else self.path.stat().st_size

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the bytes at their start; errors while reading name the file."""
        try:
            with self._open() as stream:
                yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CommandLineError(f"{self.label}: is not a whole .gz file ({error})") from error
        except OSError as error:
            raise file_error(Path(self.label), error) from error

    @contextmanager
    def text(self) -> Iterator[TextIO]:
        """Open the text at its start; bytes that are not UTF-8 become surrogates."""
        with self.opened() as stream:
            yield io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
            )

    def _open(self) -> BinaryIO:
        """Return a new stream for each reader."""
        if self.path is None:
            return io.BytesIO(self.data)
        if self.path.suffix.lower() == ".gz":
            return cast("BinaryIO", gzip.open(self.path))
        return self.path.open("rb")
