"""The M-steps of all structures by name. A structure has a file, and a line here."""

from gmmx._core.structures.eev cimport eev
from gmmx._core.structures.eve cimport eve
from gmmx._core.structures.evi cimport evi
from gmmx._core.structures.evv cimport evv
from gmmx._core.structures.m_step cimport m_step_function
from gmmx._core.structures.vee cimport vee
from gmmx._core.structures.vei cimport vei
from gmmx._core.structures.vev cimport vev
from gmmx._core.structures.vve cimport vve


cdef inline m_step_function function_of(str name) except NULL:
    if name == "VEI":
        return vei
    if name == "EVI":
        return evi
    if name == "VEE":
        return vee
    if name == "EVE":
        return eve
    if name == "VVE":
        return vve
    if name == "EEV":
        return eev
    if name == "VEV":
        return vev
    if name == "EVV":
        return evv
    raise ValueError(f"no structure {name!r} has a compiled M-step")


cdef inline Py_ssize_t covariance_size(str name, Py_ssize_t D) noexcept:
    """Return the number of values of a covariance: variances if the axes are the features."""
    return D if name[2] == "I" else D * D
