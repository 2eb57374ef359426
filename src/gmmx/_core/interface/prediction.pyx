"""Parameters of a fitted model, packed for the kernels and kept for its predictions.

These objects never change, so that threads may share them.
"""

import numpy as np

from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS, PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free
from libc.stdint cimport uintptr_t
from libc.string cimport memcmp

from gmmx._core.interface.passes cimport (
    allocate, check_size, double_kernels, execute, factors_size, is_small, set_origin, shape_of,
    single_kernels, start_task,
)
from gmmx._core.layouts.task cimport DENSITY, NONE, EMPass
from gmmx._core.process.memory cimport align

from gmmx._core.interface.memory import large_array
from gmmx._core.interface.threads import resolve_n_threads

cdef object ndarray = np.ndarray
cdef object empty = np.empty
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
cdef object int64 = np.dtype(np.int64)

IMMUTABLE = str, int, float, np.number, type(None)
# Errors of arrays that are not contiguous or that offer no buffer.
NO_BUFFER = BufferError, NotImplementedError, TypeError, ValueError

cdef enum:
    LARGE = 1 << 20     # bytes of a result for which fresh memory would take long
    STREAMED = 1 << 22  # bytes of a result that caches do not hold
    FAR_AT_ONCE = 1 << 10  # samples

cdef enum Output:
    LABELS
    LOG_PROB
    RESP


cdef class Contents:
    """Contents of an array at one moment."""

    cdef Py_buffer view
    cdef bytes copy

    def __cinit__(self, array):
        PyObject_GetBuffer(array, &self.view, PyBUF_ANY_CONTIGUOUS)
        self.copy = PyBytes_FromStringAndSize(<char *>self.view.buf, self.view.len)

    def __dealloc__(self):
        PyBuffer_Release(&self.view)

    cdef bint are_there(self) noexcept:
        return memcmp(self.view.buf, <const char *>self.copy, self.view.len) == 0


cdef class Snapshot:
    """Some attributes at one moment, with the contents of arrays, which may change in place."""

    cdef tuple names
    cdef list values
    cdef list arrays           # of Contents
    cdef bint is_comparable    # whether a change of any value would be seen

    def __init__(self, dict attributes, tuple names):
        self.names = names
        self.values = [attributes.get(name) for name in names]
        self.arrays = []
        self.is_comparable = all([self.is_recorded(value) for value in self.values])

    cdef bint is_recorded(self, value) except -1:
        """Record the contents of arrays; return whether that was possible."""
        if isinstance(value, IMMUTABLE):
            return True
        if isinstance(value, tuple):
            return all([self.is_recorded(part) for part in value])
        if type(value) is not ndarray or value.dtype.hasobject:
            return False
        try:
            self.arrays.append(Contents(value))
        except NO_BUFFER:
            return False
        return True

    def matches(self, dict attributes):
        """Return whether the attributes are still the same."""
        cdef Py_ssize_t i
        cdef Contents array
        if not self.is_comparable:
            return False
        for i in range(len(self.values)):
            if attributes.get(self.names[i]) is not self.values[i]:
                return False
        for array in self.arrays:
            if not array.are_there():
                return False
        return True


cdef class Predictor:
    """A mixture's parameters, packed for the kernels.

    Its methods return one value or row for each row of X. They return None if X is not an array
    that the kernels read as it is, or not finite.
    """

    cdef readonly Py_ssize_t n_features
    cdef EMPass task           # its fields are the same in all passes, but for samples and output
    cdef const double[::1] center
    cdef object parameters
    cdef bint fits_single      # whether the parameters are in float32's range
    cdef char *memory
    cdef char *packed_double
    cdef char *packed_single

    def __cinit__(
        self,
        const double[:, ::1] means,        # IN (K, D)
        const double[::1] factors,         # IN raveled, in the layout's shape
        const double[::1] log_scale,       # IN (K,)
        str layout,
        const double[::1] center=None,     # IN (D,) near all means, or None
        *,
        parameters,                        # with far_log_responsibilities(X)
        bint fits_single=True,             # whether float32 holds all of them
    ):
        cdef Py_ssize_t K = means.shape[0], D = means.shape[1], double_size
        cdef EMPass *task = &self.task
        start_task(task, 1, D, K, layout)
        check_size("factors", factors.size, factors_size(shape_of(task), K, D))
        check_size("log_scale", log_scale.size, K)
        set_origin(task, None, center, NONE)
        self.center = center  # which tells the passes that samples are centered
        self.parameters, self.fits_single = parameters, fits_single
        task.source = DENSITY
        task.means = &means[0, 0]
        task.factors = &factors[0]
        task.log_scale = &log_scale[0]
        double_kernels.plan(task)
        double_size = task.packed_size
        single_kernels.plan(task)
        self.memory = allocate(double_size + task.packed_size)
        self.packed_double = task.packed = align(self.memory)
        double_kernels.pack(task)
        self.packed_single = task.packed = self.packed_double + double_size
        single_kernels.pack(task)
        task.means = task.factors = task.log_scale = NULL
        self.n_features = D

    def __dealloc__(self):
        PyMem_Free(self.memory)

    def labels(self, X, n_threads):
        """Most probable components."""
        return self.run(X, n_threads, LABELS)

    def log_prob(self, X, n_threads):
        """Log densities."""
        return self.run(X, n_threads, LOG_PROB)

    def resp(self, X, n_threads):
        """Probabilities of the components, a row for each row of X."""
        return self.run(X, n_threads, RESP)

    cdef object run(self, X, n_threads, Output output):
        cdef Py_buffer samples
        if type(X) is not ndarray:
            return None
        try:
            PyObject_GetBuffer(X, &samples, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)
        except NO_BUFFER:
            return None
        try:
            if not self.takes(&samples):
                return None
            if samples.itemsize == sizeof(float) and not self.fits_single:
                return self.run_in_double(X, n_threads, output)
            return self.run_over(X, &samples, n_threads, output)
        finally:
            PyBuffer_Release(&samples)

    cdef object run_in_double(self, X, n_threads, Output output):
        """Results in float32 for samples in float32, computed in float64."""
        result = self.run(X.astype(float64), n_threads, output)
        if result is None or output == LABELS:
            return result
        with np.errstate(over="ignore", under="ignore"):
            return result.astype(float32)

    cdef bint takes(self, const Py_buffer *samples) noexcept:
        """Return whether these are aligned rows of the right width in native float32 or float64."""
        return (
            samples.ndim == 2 and samples.shape[0] > 0 and samples.shape[1] == self.n_features
            and (samples.format[0] == c"d" or samples.format[0] == c"f") and samples.format[1] == 0
            and <uintptr_t>samples.buf % samples.itemsize == 0)

    cdef object run_over(self, X, const Py_buffer *samples, n_threads, Output output):
        cdef EMPass task = self.task
        cdef bint is_double = samples.itemsize == sizeof(double)
        cdef Py_ssize_t size
        task.X = samples.buf
        task.n_samples = samples.shape[0]
        task.packed = self.packed_double if is_double else self.packed_single
        if output == LABELS:
            result = new_array((task.n_samples,), int64, task.n_samples * 8)
            task.labels = <long long *>memory_of(result)
        else:
            dtype = float64 if is_double else float32
            size = task.n_samples * samples.itemsize
            if output == LOG_PROB:
                result = new_array((task.n_samples,), dtype, size)
                task.log_prob = memory_of(result)
            else:
                size *= task.n_components
                result = new_array((task.n_samples, task.n_components), dtype, size)
                task.resp = memory_of(result)
                task.streams = size >= STREAMED
        if n_threads is None and is_small(&task):
            n_threads = 1
        else:
            n_threads = resolve_n_threads(n_threads)
        execute(double_kernels if is_double else single_kernels, &task, n_threads)
        if not task.all_finite:
            return None
        if task.has_far and output != LOG_PROB:
            self.correct_far(X, n_threads, output, result)
        return result

    cdef int correct_far(self, X, n_threads, Output output, result) except -1:
        """Replace the results of samples whose squared distances from all means overflow."""
        cdef Py_ssize_t start
        rows = np.flatnonzero(np.isneginf(self.run(X, n_threads, LOG_PROB)))
        for start in range(0, len(rows), FAR_AT_ONCE):
            block = rows[start:start + FAR_AT_ONCE]
            log_resp = self.parameters.far_log_responsibilities(X[block])
            with np.errstate(under="ignore"):
                result[block] = log_resp.argmax(axis=1) if output == LABELS else np.exp(log_resp)
        return 0


cdef object new_array(tuple shape, dtype, Py_ssize_t size):
    """Return an array of `size` bytes whose values are not set."""
    return large_array(shape, dtype) if size >= LARGE else empty(shape, dtype)


cdef void *memory_of(array) except NULL:
    """Return the address of a new array's values, which is fixed while the array lives."""
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    PyBuffer_Release(&view)
    return view.buf
