"""The border between Python and the kernels: checks arguments, provides memory, calls em_pass.

The kernels of one instruction set are chosen once, by `install`, when the package is imported.
"""

import os

import numpy as np

from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cython cimport floating
from libc.string cimport memset

