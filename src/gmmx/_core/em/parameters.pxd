"""The mixture's parameters in the precision and the order in which the kernels read them."""

from libc.math cimport ldexp, log
from libc.string cimport memset

from gmmx._core.em.plan cimport lay_out_parameters
from gmmx._core.layouts.block cimport Parameters, round_to_real
from gmmx._core.layouts.layout cimport Layout
from gmmx._core.layouts.task cimport DENSITY, NONE, EMPass
from gmmx._core.vectors.simd cimport REAL_LARGEST, real


cdef enum:
    NEGLIGIBLE_BITS = 60  # a sum of n terms below 2^-60 / n of it keeps all its digits
    NEGLIGIBLE_NATS = 72  # as much, and a factor of 1e13 for the squared distance


cdef inline void pack_negligible(const EMPass *task, Parameters *to) noexcept nogil:
    """Bounds below which a component's responsibilities change no sum."""
    cdef Py_ssize_t k
    for k in range(task.n_components):
        to.negligible[k] = <real>ldexp(task.weights[k], -NEGLIGIBLE_BITS)
        to.reach[k] = -REAL_LARGEST
        if task.weights[k] > 0:
            to.reach[k] = <real>(2 * (task.log_scale[k] - log(task.weights[k]) + NEGLIGIBLE_NATS))


cdef inline void pack_parameters(const EMPass *task, const Layout *layout) noexcept nogil:
    cdef Py_ssize_t K = task.n_components, D = task.n_features
    cdef Parameters to
    lay_out_parameters(task, layout, task.packed, &to)
    if task.center != NULL:
        round_to_real(task.center, D, to.center)
        memset(to.origin, 0, K * D * sizeof(real))
    elif task.moments != NONE:
        round_to_real(task.origin, K * D, to.origin)
    if task.source != DENSITY:
        return
    round_to_real(task.log_scale, K, to.log_scale)
    if task.weights != NULL:
        pack_negligible(task, &to)
    layout.pack(task, &to)
