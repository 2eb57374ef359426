"""Replacement of a file in one step: a crash leaves the whole old or the whole new file."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress


def replace_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that readers see either the whole old or the whole new contents.

    The data are written to a temporary file in the same folder and flushed to the disk; then the
    temporary file is renamed. The new file has the permissions of the file that it replaces, or of
    any new file. If the path is a symbolic link, the link stays and its target is replaced.

    Parameters
    ----------
    path : path-like
        The file.
    data : bytes
        The new contents.

    Raises
    ------
    OSError
        If the file cannot be written; the old file stays unchanged, and no temporary file is left.
    """
    target = os.path.realpath(os.fsdecode(path))
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".gmmx-{os.urandom(8).hex()}.tmp")
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            code = errno.EISDIR if os.path.isdir(target) else errno.EINVAL
            raise OSError(code, "Not a file that can be replaced")
        _write_new_file(temporary, data, _permissions(target))
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename = target
        raise
    _flush_folder(folder)


def _permissions(path: str) -> int | None:
    """Return the permissions of a file, None if the file does not exist."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None


def _write_new_file(path: str, data: bytes, permissions: int | None) -> None:
    """Write a file that must not exist yet, and flush it to the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        if permissions is not None:
            os.chmod(path, permissions)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: str) -> None:
    """Make a rename survive a power failure, if the system supports it."""
    with suppress(OSError):  # Windows cannot open folders, some file systems cannot flush them.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
