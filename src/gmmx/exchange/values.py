"""Conversion of the values of a model file to JSON, followed by arrays as raw bytes, and back.

None, bools, ints, strings, finite floats and lists are stored as the same values in JSON. Other
values are stored as an object with a single key, the kind; ``docs/model_file.md`` lists the kinds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gmmx.exceptions import ModelFileError

if TYPE_CHECKING:
    from gmmx.arrays import NDArray

_DTYPES = ("|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8")
_NOT_FINITE = ("nan", "inf", "-inf")
_GENERATOR = "MT19937"  # the bit generator of `numpy.random.RandomState(seed)`
_GENERATOR_WORDS = 624

Json = Any


class ValueEncoder:
    """Converts values to JSON and collects the bytes of their arrays.

    Attributes
    ----------
    blocks : list of bytes
        The bytes of the arrays encoded so far, in order.
    """

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self._offset = 0

    def encode_all(self, values: Mapping[str, object]) -> dict[str, Json]:
        """Return named values as JSON.

        Parameters
        ----------
        values : mapping of str to object
            Values by name.

        Returns
        -------
        dict
            An object for `json.dumps`.

        Raises
        ------
        TypeError
            If a value is of a type that a model file cannot hold.
        """
        return {name: self._encode(value, name) for name, value in values.items()}

    def _encode(self, value: object, name: str) -> Json:
        """Return one value as JSON; `name` is for the error message."""
        if value is None or isinstance(value, bool | str | int):
            return value
        if isinstance(value, np.bool_ | np.number):
            return {"scalar": self._block(np.asarray(value), name)}
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, list | tuple):
            items = [self._encode(item, name) for item in value]
            return items if isinstance(value, list) else {"tuple": items}
        if isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.ndim == 1:
            if all(isinstance(item, str) for item in value):
                return {"strings": value.tolist()}
        elif type(value) in (np.ndarray, np.memmap):
            return {"array": self._block(np.asarray(value), name)}
        elif isinstance(value, np.random.RandomState):
            return {"random_state": self._random_state(value, name)}
        raise _not_storable(value, name)

    def _block(self, array: NDArray[Any], name: str) -> Json:
        """Append the numbers of an array to the blocks; return dtype, shape and offset."""
        dtype = array.dtype.newbyteorder("<")
        if dtype.str not in _DTYPES:
            raise _not_storable(array, name)
        block = array.astype(dtype, copy=False).tobytes()
        place = {"dtype": dtype.str, "shape": list(array.shape), "offset": self._offset}
        self.blocks.append(block)
        self._offset += len(block)
        return place

    def _random_state(self, value: np.random.RandomState, name: str) -> Json:
        """Return the whole state of a random number generator as JSON."""
        state = value.get_state(legacy=False)
        if state["bit_generator"] != _GENERATOR:
            raise _not_storable(value, name)
        return {
            "key": self._block(state["state"]["key"], name),
            "pos": int(state["state"]["pos"]),
            "has_gauss": int(state["has_gauss"]),
            "gauss": float(state["gauss"]),
        }


class ValueDecoder:
    """Converts JSON back to values, with arrays from the bytes that follow the JSON.

    Arrays must follow each other without gaps, in the order in which they are read. Then no array
    is read twice, and all arrays together are no larger than the file.

    Parameters
    ----------
    data : bytes-like
        The bytes of all arrays.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._offset = 0
        self._readers: dict[str, Callable[[Any], object]] = {
            "array": self._array,
            "scalar": self._scalar,
            "float": self._float,
            "tuple": self._tuple,
            "strings": self._strings,
            "random_state": self._random_state,
        }

    def decode_all(self, values: Json) -> dict[str, Any]:
        """Return named values.

        Parameters
        ----------
        values : dict
            The result of `ValueEncoder.encode_all`.

        Returns
        -------
        dict of str to object
            Values by name.

        Raises
        ------
        ModelFileError
            If `values` cannot be a result of `encode_all`.
        """
        expect(isinstance(values, dict), "its named values are not an object")
        return {name: self._decode(value) for name, value in values.items()}

    def check_end(self) -> None:
        """Raise ModelFileError if bytes are left after the last array."""
        expect(self._offset == len(self._data), "its arrays do not fill it")

    def _decode(self, value: Json) -> object:
        """Return the value of a piece of JSON."""
        if isinstance(value, list):
            return [self._decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = next(iter(value), None)
        expect(len(value) == 1 and kind in self._readers, f"it holds an unknown value {kind!r}")
        return self._readers[str(kind)](value[kind])

    def _array(self, place: Json) -> NDArray[Any]:
        """Return a new array in the machine's byte order."""
        dtype_name, shape, offset = (field(place, name) for name in ("dtype", "shape", "offset"))
        expect(dtype_name in _DTYPES, f"it holds an array of dtype {dtype_name!r}")
        expect(
            isinstance(shape, list)
            and all(type(length) is int and length >= 0 for length in shape),
            f"it holds an array of shape {shape!r}",
        )
        dtype = np.dtype(dtype_name)
        stop = self._offset + math.prod(shape) * dtype.itemsize
        expect(
            type(offset) is int and offset == self._offset and stop <= len(self._data),
            "its arrays do not lie one after the other within it",
        )
        block, self._offset = self._data[self._offset : stop], stop
        try:
            return np.ndarray(shape, dtype, buffer=block).astype(dtype.newbyteorder("="))
        except ValueError as error:  # More or longer dimensions than NumPy supports.
            raise ModelFileError(f"it holds an impossible array: {error}") from None

    def _scalar(self, place: Json) -> object:
        """Return a NumPy scalar."""
        array = self._array(place)
        expect(array.ndim == 0, "it holds a scalar with a shape")
        return array[()]

    def _float(self, text: Json) -> float:
        """Return NaN or an infinity, which JSON lacks."""
        expect(text in _NOT_FINITE, f"it holds a float {text!r}")
        return float(text)

    def _tuple(self, items: Json) -> tuple[object, ...]:
        """Return a tuple."""
        expect(isinstance(items, list), "it holds a tuple that is not a list in JSON")
        return tuple(self._decode(item) for item in items)

    def _strings(self, items: Json) -> NDArray[np.object_]:
        """Return an array of Python strings."""
        are_strings = isinstance(items, list) and all(isinstance(item, str) for item in items)
        expect(are_strings, "it holds names that are not strings")
        return np.array(items, dtype=object)

    def _random_state(self, state: Json) -> np.random.RandomState:
        """Return a random number generator in its saved state."""
        key = self._array(field(state, "key"))
        pos, has_gauss, gauss = (field(state, name) for name in ("pos", "has_gauss", "gauss"))
        # NumPy reads at the position without checking it.
        is_valid = (
            key.shape == (_GENERATOR_WORDS,) and key.dtype == np.uint32
            and type(pos) is int and 0 <= pos <= _GENERATOR_WORDS
            and has_gauss in (0, 1) and type(gauss) is float
        )  # fmt: skip
        expect(is_valid, "it holds an invalid state of a random number generator")
        random_state = np.random.RandomState()
        random_state.set_state((_GENERATOR, key, pos, has_gauss, gauss))
        return random_state


def expect(condition: bool, otherwise: str) -> None:
    """Raise ModelFileError unless a condition holds.

    Parameters
    ----------
    condition : bool
        The condition.
    otherwise : str
        Message of the error.
    """
    if not condition:
        raise ModelFileError(otherwise)


def field(values: Json, name: str) -> Json:
    """Return a value of a JSON object.

    Parameters
    ----------
    values : dict
        The object.
    name : str
        The key.

    Returns
    -------
    object
        The value of the key.

    Raises
    ------
    ModelFileError
        If `values` is not an object or lacks the key.
    """
    expect(isinstance(values, dict) and name in values, f"it lacks {name!r}")
    return values[name]


def _not_storable(value: object, name: str) -> TypeError:
    """Return the error for a value that a model file cannot hold."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    of_dtype = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
    return TypeError(
        f"{name!r} holds a {kind}{of_dtype}, which a model file cannot hold. Before saving, set it "
        "to None, or to numbers, strings, or NumPy arrays of at most 64 bits per element."
    )
