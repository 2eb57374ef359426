"""Representations of an estimator as text and as HTML."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping

import numpy as np

_LINE_LENGTH = 80
_MAX_VALUE_LENGTH = 160
# Classes for versions 2 and 3 of MathJax: a feature's name such as "$a" is no formula.
IGNORED_BY_MATHJAX = "tex2jax_ignore mathjax_ignore"


def prints_changed_only() -> bool:
    """Return scikit-learn's option ``print_changed_only``, True if it is not imported."""
    sklearn = sys.modules.get("sklearn")
    return sklearn is None or bool(sklearn.get_config()["print_changed_only"])


def short_repr(value: object) -> str:
    """Return the representation of `value` in one line, with the middle left out if it is long."""
    with np.printoptions(threshold=12, edgeitems=2):
        text = " ".join(repr(value).split())
    if len(text) <= _MAX_VALUE_LENGTH:
        return text
    half = _MAX_VALUE_LENGTH // 2
    return f"{text[:half]}...{text[-half:]}"


def summary(value: object) -> str:
    """Return a description of `value` in one line: shape and dtype if it is an array."""
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}, {value.dtype}"
    return short_repr(value)


def wrapped_call(function: str, arguments: list[str]) -> str:
    """Return ``function(argument, ...)`` with lines broken between arguments."""
    # textwrap breaks lines at spaces, so other characters stand for the spaces in an argument.
    text = ", ".join(argument.replace(" ", "\0") for argument in arguments)
    return textwrap.fill(
        f"{function}({text})",
        _LINE_LENGTH,
        subsequent_indent=" " * (len(function) + 1),
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\0", " ")


def html_table(caption: str, rows: Mapping[str, str]) -> str:
    """Return a table of two columns, with cells in HTML, or an empty string without rows."""
    if not rows:
        return ""
    body = "".join(f"<tr><td>{key}</td><td>{value}</td></tr>" for key, value in rows.items())
    return f"<table><caption>{caption}</caption><tbody>{body}</tbody></table>"
