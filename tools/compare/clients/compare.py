"""Differences between the results of two runs."""

from __future__ import annotations

import numpy as np

from tools.compare.clients.scenario import Results


def largest_difference(expected: np.ndarray, actual: np.ndarray) -> float:
    """Return the largest difference, relative to the largest finite expected value."""
    finite = np.isfinite(expected) & np.isfinite(actual)
    scale = np.max(np.abs(expected[finite]), initial=0.0) or 1.0
    return float(np.max(np.abs(expected[finite] - actual[finite]), initial=0.0) / scale)


def difference(expected: np.ndarray, actual: np.ndarray, tolerance: float) -> str:
    """Return the difference of two arrays as text, which is empty if they are equal."""
    if expected.shape != actual.shape or expected.dtype != actual.dtype:
        return (
            f"{actual.dtype} of shape {actual.shape} in place of "
            f"{expected.dtype} of shape {expected.shape}"
        )
    if expected.dtype.kind != "f":
        if expected.ndim == 0:
            return f"{actual} in place of {expected}" if expected != actual else ""
        n_different = np.count_nonzero(expected != actual)
        return f"{n_different} of {expected.size} differ" if n_different else ""
    finite = np.isfinite(expected)
    if not np.array_equal(expected[~finite], actual[~finite], equal_nan=True):
        return "NaN or infinity at other places"
    largest = largest_difference(expected, actual)
    return "" if largest <= tolerance else f"differs by {largest:.1e}"


def differences(expected: Results, actual: Results, tolerance: float) -> list[str]:
    """Return a text for each result that differs between two runs."""
    if expected.keys() != actual.keys():
        return [f"{sorted(actual)} in place of {sorted(expected)}"]
    found = {name: difference(expected[name], actual[name], tolerance) for name in expected}
    return [f"{name}: {text}" for name, text in found.items() if text]


def largest_of_all(expected: Results, actual: Results) -> float:
    """Return the largest relative difference of all floats of two runs."""
    floats = [name for name in expected if expected[name].dtype.kind == "f"]
    return max((largest_difference(expected[name], actual[name]) for name in floats), default=0.0)
