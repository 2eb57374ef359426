"""Functions of `structures` that other compiled modules call."""

from gmmx._core.structures.m_step cimport m_step_function

cdef m_step_function function_named(str name) except NULL
