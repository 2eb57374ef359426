"""The logarithm of the gamma function and its derivative."""

from libc.math cimport log

cdef enum:
    SMALLEST_ASYMPTOTIC = 10  # from which on seven terms of Stirling's series have every digit


cdef inline double log_gamma(
    double x,          # > 0
    double *digamma,   # OUT d/dx log Gamma(x)
) noexcept nogil:
    """log Gamma(x): Stirling's series for large x, Gamma(x) = Gamma(x + 1) / x for others.

    Abramowitz, Stegun (1972), "Handbook of mathematical functions", 6.1.40 and 6.3.18.
    """
    cdef double half_log_2_pi = 0.91893853320467274178
    cdef double product = 1, reciprocals = 0, log_x, inverse, z, series, slope
    while x < SMALLEST_ASYMPTOTIC:
        product *= x
        reciprocals += 1 / x
        x += 1
    log_x = log(x)
    inverse = 1 / x
    z = inverse * inverse
    series = 1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (
        1.0 / 1680 - z * (1.0 / 1188 - z * (691.0 / 360360 - z / 156)))))
    slope = 1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (
        1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12)))))
    digamma[0] = log_x - 0.5 * inverse - z * slope - reciprocals
    return (x - 0.5) * log_x - x + half_log_2_pi + inverse * series - log(product)
