"""The format of model files: a prefix, a header in JSON, raw arrays, and a checksum.

``docs/model_file.md`` describes the format. Reading runs no code from the file, and takes memory
in proportion to the true size of the file, whatever sizes its header claims.
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
# The first byte is invalid in ASCII and at the start of UTF-8 text. The line ends change if the
# file is copied as text.
MAGIC = b"\x89GMMX\r\n\x1a"
_PREFIX = struct.Struct("<8sIQQ")  # magic, format version, lengths of the file and the header
_CHECKSUM_SIZE = hashlib.sha256().digest_size


@dataclass(frozen=True)
class ModelFile:
    """The contents of a model file.

    Attributes
    ----------
    class_name : str
        Name of the estimator's class.
    parameters : mapping of str to object
        Arguments of the estimator's constructor.
    fitted : mapping of str to object
        Fitted attributes of the estimator.
    gmmx_version : str
        Version of the gmmx that wrote the file.
    format_version : int
        Version of the format.
    """

    class_name: str
    parameters: Mapping[str, Any]
    fitted: Mapping[str, Any]
    gmmx_version: str = VERSION
    format_version: int = FORMAT_VERSION


def write_model_file(file: str | os.PathLike[str] | BinaryIO, contents: ModelFile) -> None:
    """Write a model file. A file at a path is replaced in one step.

    Parameters
    ----------
    file : path-like or binary file object
        The file to write.
    contents : ModelFile
        Its contents.

    Raises
    ------
    TypeError
        If a value is of a type that a model file cannot hold, or a file object takes no bytes.
    OSError
        If the file cannot be written; an old file at a path stays unchanged.
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
                "save needs a path or a binary file object, such as the result of "
                f"open(path, 'wb'); writing bytes to {file!r} raised: {error}"
            ) from error
        # Unbuffered files may write only a part; objects that return None write everything.
        rest = rest[len(rest) if n_written is None else n_written :]


def read_model_file(file: str | os.PathLike[str] | BinaryIO | bytes) -> ModelFile:
    """Read a model file.

    Parameters
    ----------
    file : path-like, binary file object, or bytes
        The path of the file, an object whose ``read()`` returns its contents, or the contents.

    Returns
    -------
    ModelFile
        The contents of the file.

    Raises
    ------
    ModelFileError
        If the file is cut short, damaged, of another kind, or of a newer format version.
    TypeError
        If a file object does not return bytes.
    OSError
        If the file cannot be opened or read.
    """
    try:
        return decode(_bytes_of(file))
    except ModelFileError as error:
        raise ModelFileError(f"{name_of(file)}: {error}") from None


def name_of(file: object) -> str:
    """Return the name of a file in messages: its path, or its type.

    Examples
    --------
    >>> name_of(b"..."), name_of("model.gmmx")
    ('bytes', 'model.gmmx')
    """
    name = file if isinstance(file, str | os.PathLike) else getattr(file, "name", None)
    return os.fspath(name) if isinstance(name, str | os.PathLike) else type(file).__name__


def _bytes_of(file: str | os.PathLike[str] | BinaryIO | bytes) -> bytes:
    """Return the bytes of a file, but only the first few of a path that is no model file."""
    if isinstance(file, bytes | bytearray | memoryview):
        return bytes(file)
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as opened:
            start = opened.read(len(MAGIC))
            return start + opened.read() if start == MAGIC else start
    contents = file.read() if hasattr(file, "read") else None
    if not isinstance(contents, bytes):
        raise TypeError(
            "load needs a path, bytes or a binary file object, such as the result of "
            f"open(path, 'rb'); got {file!r}"
        )
    return contents


def encode(contents: ModelFile) -> bytes:
    """Return the bytes of a model file.

    Parameters
    ----------
    contents : ModelFile
        The contents of the file.

    Returns
    -------
    bytes
        The whole file.
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
    """Return the contents of a model file from its bytes.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    ModelFile
        The contents of the file.

    Raises
    ------
    ModelFileError
        If `data` is not a model file that this version of gmmx can read.
    """
    version, header_length = _check_whole(data)
    header_stop = _PREFIX.size + header_length
    expect(header_stop <= len(data) - _CHECKSUM_SIZE, "its header is longer than the file")
    header = _parse_header(data[_PREFIX.size : header_stop])
    gmmx_version, class_name = field(header, "gmmx"), field(header, "class")
    expect(
        1 <= version <= FORMAT_VERSION,
        f"written by gmmx {gmmx_version} in format version {version}; this is gmmx "
        f"{VERSION}, which reads format versions up to {FORMAT_VERSION}. Install a newer "
        "gmmx, or save the model with an older version.",
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
    """Raise unless the file is whole and undamaged; return its version and header's length."""
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
        raise ModelFileError("the file is damaged: its checksum does not match its contents")
    return version, header_length


def _parse_header(text: bytes) -> Any:
    """Return the header as JSON."""
    try:
        return json.loads(text.decode("ascii"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"its header is not JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    """Raise ValueError for NaN and infinities, which JSON lacks."""
    raise ValueError(f"{name} is not JSON")
