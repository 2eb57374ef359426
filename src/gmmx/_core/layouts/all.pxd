"""The layouts. Their index here is that of a task; no other file names one of them.

A layout is a file whose `define` fills a line of the table.
"""

from gmmx._core.layouts cimport dense, diagonal, isotropic, shared
from gmmx._core.layouts.layout cimport Layout

cdef enum:
    MOST_LAYOUTS = 16  # capacity of the table


cdef inline void define_layouts(Layout *layouts) noexcept nogil:
    dense.define(&layouts[0])
    shared.define(&layouts[1])
    diagonal.define(&layouts[2])
    isotropic.define(&layouts[3])
