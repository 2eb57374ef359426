"""M-steps of covariance structures with constraints."""

import numpy as np

from cpython.mem cimport PyMem_Free

from gmmx._core.interface.passes cimport allocate, check_size
from gmmx._core.process.host cimport progress_for, propagate
from gmmx._core.process.memory cimport align
from gmmx._core.structures cimport m_step as results
from gmmx._core.structures.all cimport covariance_size, function_of
from gmmx._core.structures.m_step cimport (
    CANCELLED, MStep, m_step_function, most_updates, scratch_size,
)

cdef enum:
    SMALL_WORK = 20_000  # multiplications, some hundredths of a millisecond

cdef object empty = np.empty

SINGULAR = results.SINGULAR
SHARED = results.SHARED
DONE = results.DONE


cdef m_step_function function_named(str name) except NULL:
    """Return the M-step of a structure."""
    return function_of(name)


def constrain(
    str name,                       # of the structure
    covariances,                    # IN (K, D, D) or (K, D): of the components, each on its own
    const double[::1] shares,       # IN (K,)
    previous,                       # IN covariances of the E-step, or None
):
    """Return covariances of the structure, and DONE, a reason, or a component without volume."""
    cdef m_step_function function = function_of(name)
    cdef const double[::1] own = covariances.reshape(-1)
    cdef const double[::1] before
    cdef object array = empty(covariances.shape)
    cdef double[::1] constrained = array.reshape(-1)
    cdef MStep step
    cdef Py_ssize_t result
    step.K, step.D = covariances.shape[0], covariances.shape[1]
    check_size("shares", shares.size, step.K)
    if step.K < 1 or step.D < 1:
        raise ValueError(f"expected at least 1 component and feature, got {covariances.shape}")
    step.F = covariance_size(name, step.D)
    check_size("covariances", own.size, step.K * step.F)
    step.shares, step.covariances, step.previous = <double *>&shares[0], <double *>&own[0], NULL
    step.constrained = &constrained[0]
    if previous is not None:
        before = previous.reshape(-1)
        check_size("previous", before.size, own.size)
        step.previous = &before[0]
    cdef char *memory = allocate(scratch_size(step.K, step.D, step.F) * sizeof(double))
    step.scratch = <double *>align(memory)
    cdef double work = <double>most_updates(&step) * step.K * step.F * step.D
    step.poll = progress_for(work).signals.poll
    if work < SMALL_WORK:
        # Getting the GIL back from a busy thread would take longer.
        result = function(&step)
    else:
        with nogil:
            result = function(&step)
    PyMem_Free(memory)
    if result == CANCELLED:
        propagate(-1)
    return array, result
