"""Cython's view of simd.h: a vector of LANES samples behaves like one floating-point number."""

cdef extern from "simd.h" nogil:
    ctypedef double real  # float32 or float64, chosen when the file is compiled
    ctypedef double vec   # LANES values of type real

    enum:
        LANES          # values in a vector
        TILE_VECTORS   # vectors of samples in a register tile
        TILE_FEATURES  # features in a register tile whose lanes are features
        GROUP          # samples in a register tile, TILE_VECTORS * LANES

    const real REAL_LARGEST
    const real LOWEST_EXPONENT  # below which exponential is 0

    vec load(const real *source)
    void store(real *target, vec value)
    vec load_first(const real *source, Py_ssize_t count)  # of LANES values, then 0
    void prefetch(const void *address)             # into the second cache, where that is possible
    void stream(real *target, vec value)         # past the caches; the target is aligned
    vec broadcast(real value)
    vec multiply_add(vec a, vec b, vec c)        # a * b + c
    void add_widened(double *target, vec value)  # target[:LANES] += value
    vec larger(vec a, vec b)
    vec where_less(vec a, vec b, vec yes, vec no)  # yes where a < b, else no
    bint all_less(vec a, vec b)                    # in every lane
    vec interleave_first(vec a, vec b)             # a[0], b[0], a[1], ... of their first halves
    vec interleave_second(vec a, vec b)            # and of their second halves
    vec bounded(vec x)                            # overflow and NaN become the largest number
    vec exponential(vec x)                       # for x <= -LOWEST_EXPONENT
    vec logarithm(vec x)                         # for normal x > 0
