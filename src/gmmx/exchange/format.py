"""The model file: a prefix, a header in JSON, raw arrays, and a checksum over all of it.

``docs/model_file.md`` describes the format. Reading runs no code from the file, and takes memory
in proportion to the file's true size whatever sizes it claims.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from gmmx._build import VERSION
from gmmx.exceptions import ModelFileError
from gmmx.exchange.atomic_write import replace_file
from gmmx.exchange.values import ValueDecoder, ValueEncoder, expect, field

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT_VERSION = 1
# The first byte is no text in UTF-8 or ASCII, the line ends change when copied as text.
MAGIC = b"\x89GMMX\r\n\x1a"
_PREFIX = struct.Struct("<8sIQQ")  # magic, format version, length of the file, of the header
_CHECKSUM_SIZE = hashlib.sha256().digest_size


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    class_name : str
        Name of the estimator's class.
    parameters : mapping of str to object
        The arguments of its constructor.
    fitted : mapping of str to object
        Its fitted attributes.
    gmmx_version : str
        The version of gmmx that wrote the file.
    format_version : int
        The version of the format.
    """

    class_name: str
    parameters: Mapping[str, Any]
    fitted: Mapping[str, Any]
    gmmx_version: str = VERSION
    format_version: int = FORMAT_VERSION


def write_model_file(file: str | os.PathLike[str] | BinaryIO, contents: ModelFile) -> None:
    """Write a model file; to a path in one step: the file is the old or the new one, never a part.

    Parameters
    ----------
    file : path-like or binary file object
        Where to write.
    contents : ModelFile
        What to write.

    Raises
    ------
    TypeError
        If a value is of a type that a model file cannot hold, or a file object takes no bytes.
    OSError
        If the file cannot be written; at a path the old file is left as it was.
    """
    data = encode(contents)
    if isinstance(file, str | os.PathLike):
        replace_file(file, data)
        return
    rest = data
    while rest:
        try:
            n_written: int | None = file.write(rest)
        except (AttributeError, TypeError) as error:
            raise TypeError(
                "save needs a path or a binary file object, such as one that open(path, 'wb') "
                f"returns; writing bytes to {file!r} raised: {error}"
            ) from error
        # Unbuffered files may take a part; None is returned by objects that take everything.
        rest = rest[len(rest) if n_written is None else n_written :]


def read_model_file(file: str | os.PathLike[str] | BinaryIO | bytes) -> ModelFile:
    """Read a model file.

    Parameters
    ----------
    file : path-like, binary file object, or bytes
        The file, an object whose ``read()`` returns its bytes, or these bytes.

    Returns
    -------
    ModelFile
        What it holds.

    Raises
    ------
    ModelFileError
        If it is cut short, damaged, of another kind, or of a newer format version.
    TypeError
        If a file object returns no bytes.
    OSError
        If it cannot be opened or read.
    """
    try:
        return decode(_bytes_of(file))
    except ModelFileError as error:
        raise ModelFileError(f"{name_of(file)}: {error}") from None


def name_of(file: object) -> str:
    """Return what messages call a file: its path, or its kind.

    Examples
    --------
    >>> name_of(b"..."), name_of("model.gmmx")
    ('bytes', 'model.gmmx')
    """
    name = file if isinstance(file, str | os.PathLike) else getattr(file, "name", None)
    return os.fspath(name) if isinstance(name, str | os.PathLike) else type(file).__name__


def _bytes_of(file: str | os.PathLike[str] | BinaryIO | bytes) -> bytes:
    """All bytes of a file; of a path that is no model file the first few."""
    if isinstance(file, bytes | bytearray | memoryview):
        return bytes(file)
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as opened:
            start = opened.read(len(MAGIC))
            return start + opened.read() if start == MAGIC else start
    contents = file.read() if hasattr(file, "read") else None
    if not isinstance(contents, bytes):
        raise TypeError(
            "load needs a path, bytes or a binary file object, such as one that open(path, 'rb') "
            f"returns; got {file!r}"
        )
    return contents


def encode(contents: ModelFile) -> bytes:
    """Return the bytes of a model file.

    Parameters
    ----------
    contents : ModelFile
        What it holds.

    Returns
    -------
    bytes
        All of the file.
    """
    encoder = ValueEncoder()
    header = {
        "gmmx": contents.gmmx_version,
        "class": contents.class_name,
        "parameters": encoder.encode_all(contents.parameters),
        "fitted": encoder.encode_all(contents.fitted),
    }
    text = json.dumps(header, allow_nan=False).encode("ascii")
    length = _PREFIX.size + len(text) + sum(map(len, encoder.blocks)) + _CHECKSUM_SIZE
    prefix = _PREFIX.pack(MAGIC, contents.format_version, length, len(text))
    body = b"".join([prefix, text, *encoder.blocks])
    return body + hashlib.sha256(body).digest()


def decode(data: bytes) -> ModelFile:
    """Return what a model file of these bytes holds.

    Parameters
    ----------
    data : bytes
        All of the file.

    Returns
    -------
    ModelFile
        What it holds.

    Raises
    ------
    ModelFileError
        If these are not the bytes of a model file.
    """
    version, header_length = _check_whole(data)
    header_stop = _PREFIX.size + header_length
    expect(header_stop <= len(data) - _CHECKSUM_SIZE, "its header does not lie within it")
    header = _parse_header(data[_PREFIX.size : header_stop])
    gmmx_version, class_name = field(header, "gmmx"), field(header, "class")
    expect(
        1 <= version <= FORMAT_VERSION,
        f"written by gmmx {gmmx_version} in format version {version}; this is gmmx "
        f"{VERSION}, which reads format versions up to {FORMAT_VERSION}. Install a newer "
        "gmmx, or save the model with an older one.",
    )
    expect(
        isinstance(gmmx_version, str) and isinstance(class_name, str), "its header lacks its names"
    )
    decoder = ValueDecoder(memoryview(data)[header_stop:-_CHECKSUM_SIZE])
    try:
        parameters = decoder.decode_all(field(header, "parameters"))
        fitted = decoder.decode_all(field(header, "fitted"))
    except RecursionError:
        raise ModelFileError("its header is nested too deep") from None
    decoder.check_end()
    return ModelFile(class_name, parameters, fitted, gmmx_version, version)


def _check_whole(data: bytes) -> tuple[int, int]:
    """Raise unless this is a whole, undamaged file; return its version and header's length."""
    if not data:
        raise ModelFileError("the file is empty")
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise ModelFileError("not a model file of gmmx, which `save` of a fitted model writes")
    if len(data) < _PREFIX.size + _CHECKSUM_SIZE:
        raise ModelFileError(f"the file is cut short: it ends after {len(data)} bytes")
    _, version, length, header_length = _PREFIX.unpack_from(data)
    if length != len(data):
        size = f"it says {length} bytes and has {len(data)}"
        raise ModelFileError(f"the file is cut short or damaged: {size}")
    checksum = hashlib.sha256(memoryview(data)[:-_CHECKSUM_SIZE]).digest()
    if checksum != data[-_CHECKSUM_SIZE:]:
        raise ModelFileError("the file is damaged: its checksum is not that of its contents")
    return version, header_length


def _parse_header(text: bytes) -> Any:
    """The header's JSON."""
    try:
        return json.loads(text.decode("ascii"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"its header is not JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and infinities, which are not JSON."""
    raise ValueError(f"{name} is not JSON")
