"""The rules of the source tree: who may import whom, how long things are, what is documented."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import gmmx
from gmmx.covariance import STRUCTURES

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "gmmx"
LONGEST_FILE = 350
LONGEST_FUNCTION = 60  # lines, the docstring not counted

# A file imports from lower floors, or from its own without a circle. Floors 0 to 2 know arrays,
# 3 and 4 know mathematics, 5 knows users, 6 is the command line. A folder stands for its files.
FLOORS = {
    "_build": 0,
    "arrays": 0,
    "_core.simd": 0,
