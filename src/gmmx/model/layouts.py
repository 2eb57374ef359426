"""The memory layouts of precision factors and second moments.

A layout is compiled, `_core/layouts`; here is all that Python knows of it. An exact layout sums
the moments of each component about a point of its own. Any other layout saves work by sums about
one center, which cancel where components lie far apart: then its exact layout is taken.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from gmmx._core.interface import components

if TYPE_CHECKING:
    from gmmx.arrays import Array

Layout = Literal["dense", "shared", "diagonal", "isotropic"]


class MomentLayout(ABC):
    """The shapes and formulas of a layout."""

    name: ClassVar[Layout]
    exact: ClassVar[Layout]  # the layout to sum in when components lie far apart
    is_centered: ClassVar[bool] = True  # whether the kernels subtract one center from samples
    has_second_moments: ClassVar[bool] = True  # whether they depend on the posterior
    squares_factors: ClassVar[bool] = False  # whether the kernels square precision factors

    @staticmethod
    @abstractmethod
    def second_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of the second moments."""

    @staticmethod
    @abstractmethod
    def cross_products(first: Array, shift: Array) -> Array:
        """Return first_k shift_k^T + shift_k first_k^T, exactly symmetric."""

    @staticmethod
    def merged(second: Array) -> Array:
        """Return the second moments of all components as one."""
        return sum_over(second, 0)

    @staticmethod
    def exact_factors(factors: Array, n_components: int, n_features: int) -> Array:
        """Return the precision factors in the exact layout."""
        return factors

    @staticmethod
    def from_layout(source: Layout, second: Array) -> Array | None:
        """Return second moments of another layout in this one, None if they do not hold them."""
        return None


def sum_over(second: Array, axis: int) -> Array:
    """Return the sums along an axis, which is kept."""
    sums: Array = second.sum(axis=axis, keepdims=True)
    return sums


class Dense(MomentLayout):
    """Factors and second moments (n_components, n_features, n_features)."""

    name = exact = "dense"
    is_centered = False

    @staticmethod
    def second_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features, n_features

    @staticmethod
    def cross_products(first: Array, shift: Array) -> Array:
        products = first[:, :, None] * shift[:, None, :]
        return products + products.swapaxes(-1, -2)

    @staticmethod
    def from_layout(source: Layout, second: Array) -> Array | None:
        """Return matrices of one feature."""
        is_one_feature = source == Diagonal.name and second.shape[1] == 1
        return second[:, :, None] if is_one_feature else None


class Shared(MomentLayout):
    """Factors (n_features, n_features); second moments are summed over the components."""

    name, exact = "shared", "dense"
    has_second_moments = False

    @staticmethod
    def second_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        return n_features, n_features

    @staticmethod
    def cross_products(first: Array, shift: Array) -> Array:
        return components.shared_cross_products(first, shift)

    @staticmethod
    def merged(second: Array) -> Array:
        return second

    @staticmethod
    def exact_factors(factors: Array, n_components: int, n_features: int) -> Array:
        return factors[None].repeat(n_components, axis=0)

    @staticmethod
    def from_layout(source: Layout, second: Array) -> Array | None:
        return second.sum(axis=0) if source == Dense.name else None


class Diagonal(MomentLayout):
    """Factors and second moments (n_components, n_features)."""

    name = exact = "diagonal"

    @staticmethod
    def second_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features

    @staticmethod
    def cross_products(first: Array, shift: Array) -> Array:
        return 2 * first * shift


class Isotropic(MomentLayout):
    """Factors and second moments, traces, (n_components, 1)."""

    name, exact = "isotropic", "diagonal"
    squares_factors = True

    @staticmethod
    def second_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, 1

    @staticmethod
    def cross_products(first: Array, shift: Array) -> Array:
        return sum_over(2 * first * shift, 1)

    @staticmethod
    def exact_factors(factors: Array, n_components: int, n_features: int) -> Array:
        return factors.repeat(n_features, axis=1)

    @staticmethod
    def from_layout(source: Layout, second: Array) -> Array | None:
        return sum_over(second, 1) if source == Diagonal.name else None


LAYOUTS: dict[Layout, type[MomentLayout]] = {
    layout.name: layout for layout in (Dense, Shared, Diagonal, Isotropic)
}
