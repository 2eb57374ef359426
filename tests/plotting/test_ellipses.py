"""The geometry of ellipses, and the maps that undo scalers."""

import numpy as np
import pytest
from scipy.stats import chi2

from gmmx.plotting.ellipses import check_levels, ellipse_scale, inverse_map, principal_axes


@pytest.mark.parametrize("level", [1e-9, 0.3935, 0.5, 0.95, 0.999999])
def test_the_scale_is_the_quantile_of_chi_squared(level):
    np.testing.assert_allclose(ellipse_scale(level) ** 2, chi2.ppf(level, 2), rtol=1e-9)


def test_principal_axes_are_orthogonal_and_give_the_covariance():
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    half_axes = principal_axes(covariance)
    np.testing.assert_allclose(half_axes.T @ half_axes, covariance)
    assert abs(half_axes[0] @ half_axes[1]) < 1e-12
    assert np.linalg.norm(half_axes[0]) > np.linalg.norm(half_axes[1])


def test_a_singular_covariance_has_an_axis_of_no_length():
    half_axes = principal_axes(np.array([[1.0, 2.0], [2.0, 4.0]]))
    np.testing.assert_allclose(np.linalg.norm(half_axes, axis=1), [5**0.5, 0.0], atol=1e-7)


def test_levels_are_sorted_and_checked():
    assert check_levels(0.5, "level") == [0.5]
    assert check_levels([0.95, 0.5, 0.5], "level") == [0.5, 0.95]
    for wrong in (0, 1.0, [0.5, 1.2], -0.1, np.nan, [], "0.5", None):
        with pytest.raises(ValueError, match="level="):
            check_levels(wrong, "level")


class Affine:
    """A scaler with a map that mixes the features."""

    matrix = np.array([[2.0, 1.0, 0.0], [0.0, -3.0, 0.5]])
    offset = np.array([1e6, 0.0, -5.0])

    def inverse_transform(self, Z):
        return Z @ self.matrix + self.offset


class NotAffine:
    def __init__(self, function):
        self.inverse_transform = function


def test_the_map_of_a_scaler_is_found():
    matrix, offset = inverse_map(Affine(), 2)
    np.testing.assert_allclose(matrix, Affine.matrix, atol=1e-9)
    np.testing.assert_allclose(offset, Affine.offset)


@pytest.mark.parametrize(
    "function",
    [np.expm1, np.abs, lambda Z: np.clip(Z, 0, 1), np.log1p, lambda Z: np.exp(Z) + 1.7e9],
)
def test_a_map_that_is_not_affine_is_refused(function):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="not an affine map"):
        inverse_map(NotAffine(function), 2)
