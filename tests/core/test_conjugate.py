"""Expectations and normalizing integrals of conjugate distributions, compared with mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx._core.interface import conjugate

# Relative to the largest term of a sum, or to log Gamma(11), from which others are computed.
ROUNDING = 5e-15
positive = st.floats(1e-12, 1e12)


def assert_sum(actual: float, terms: list[mpmath.mpf]) -> None:
    """Assert that a sum whose terms may cancel is right."""
    expected = mpmath.fsum(terms)
    largest = max(1.0, *(abs(float(term)) for term in terms))
    assert abs(actual - float(expected)) <= ROUNDING * len(terms) * largest


@settings(deadline=None)
@given(positive, positive)
def test_a_share_has_a_beta_distribution(taken, left):
    terms, normalizer = conjugate.stick_breaking(np.array([taken, 1.0]), np.array([left, 1.0]))
    with mpmath.workdps(50):
        total = mpmath.mpf(taken) + mpmath.mpf(left)
        assert_sum(
            normalizer,  # the second share is uniform: log B(1, 1) = 0
            [mpmath.loggamma(taken), mpmath.loggamma(left), -mpmath.loggamma(total)],
        )
        assert_sum(terms[2, 0], [mpmath.psi(0, taken), -mpmath.psi(0, total)])
        assert_sum(terms[3, 0], [mpmath.psi(0, left), -mpmath.psi(0, total)])


def test_weights_are_shares_of_what_those_before_left():
    draw = np.random.default_rng(0)
    taken, left = draw.exponential(size=(2, 5)) + 0.1
    terms, _ = conjugate.stick_breaking(taken, left)
    share = taken / (taken + left)
    weights = share * np.concatenate([[1.0], np.cumprod(1 - share)[:-1]])
    np.testing.assert_allclose(terms[0], weights / weights.sum(), rtol=1e-14)
    before = np.concatenate([[0.0], np.cumsum(terms[3])[:-1]])
    np.testing.assert_allclose(terms[1], terms[2] + before, rtol=1e-14)


@settings(deadline=None)
@given(st.lists(positive, min_size=1, max_size=5))
def test_weights_of_a_finite_mixture_have_a_dirichlet_distribution(alpha):
    terms, normalizer = conjugate.dirichlet(np.array(alpha))
    with mpmath.workdps(50):
        total = mpmath.fsum(alpha)
        assert_sum(normalizer, [*map(mpmath.loggamma, alpha), -mpmath.loggamma(total)])
        for k, value in enumerate(alpha):
            assert_sum(terms[1, k], [mpmath.psi(0, value), -mpmath.psi(0, total)])
    np.testing.assert_allclose(terms[0], np.array(alpha) / sum(alpha), rtol=1e-14)


@settings(deadline=None)
@given(st.integers(1, 6), st.floats(1e-6, 1e9), st.floats(1e-3, 1e9), st.floats(-20, 20))
def test_precisions_have_a_wishart_distribution(n_features, more, mean_precision, log_factor):
    degrees = n_features - 1 + more
    terms, normalizer = conjugate.gauss_wishart(
        np.array([-1.5]), np.array([mean_precision]), np.array([degrees]),
        np.full(n_features, np.exp(log_factor)), n_features,
    )  # fmt: skip
    with mpmath.workdps(50):
        halves = [(mpmath.mpf(degrees) - d) / 2 for d in range(n_features)]
        log_scale = n_features * (
            mpmath.log(mpmath.mpf(np.exp(log_factor))) - mpmath.log(degrees) / 2
        )
        half_log_det = [log_scale, n_features * mpmath.log(2) / 2]
        half_log_det += [mpmath.psi(0, half) / 2 for half in halves]
        assert_sum(terms[0, 0], half_log_det)
        spread = n_features * (mpmath.log(2 * mpmath.pi) + 1 / mpmath.mpf(mean_precision)) / 2
        assert_sum(terms[1, 0], [*half_log_det, mpmath.mpf(-1.5), -spread])
        assert_sum(
            normalizer,
            [
                *map(mpmath.loggamma, halves),
                degrees * log_scale,
                degrees * n_features * mpmath.log(2) / 2,
                -n_features * mpmath.log(mean_precision) / 2,
            ],
        )


@pytest.mark.parametrize("n_factors", [2, 3, 4, 12])
def test_factors_of_a_wrong_size_are_refused(n_factors):
    three, two = np.ones(3), np.ones(2)
    with pytest.raises(ValueError, match="factors has"):
        conjugate.gauss_wishart(three, three, np.ones(1), np.ones(n_factors + 5), 2)
    with pytest.raises(ValueError, match="mean_precision has"):
        conjugate.gauss_wishart(three, two, np.ones(1), np.ones(n_factors), 2)
