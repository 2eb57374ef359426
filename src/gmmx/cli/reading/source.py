"""Where a table is read from: a file, a compressed file, or standard input."""

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
        What messages call it.
    title : str
        What reports call it.
    suffix : str
        Its extension in lower case, that of compression left out; empty for standard input.
    path : Path or None
        The file, None for standard input.
    data : bytes
        All of standard input, else nothing.
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
        """Number of bytes, as stored."""
        return len(self.data) if self.path is None else self.path.stat().st_size

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The bytes from the start; an error in reading them names the file."""
        try:
            with self._open() as stream:
                yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CommandLineError(f"{self.label}: is not a whole .gz file ({error})") from error
        except OSError as error:
            raise file_error(Path(self.label), error) from error

    @contextmanager
    def text(self) -> Iterator[TextIO]:
        """The text from the start; bytes that are no UTF-8 become surrogates."""
        with self.opened() as stream:
            yield io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
            )

    def _open(self) -> BinaryIO:
        """A stream of its own for each reader."""
        if self.path is None:
            return io.BytesIO(self.data)
        if self.path.suffix.lower() == ".gz":
            return cast("BinaryIO", gzip.open(self.path))
        return self.path.open("rb")
