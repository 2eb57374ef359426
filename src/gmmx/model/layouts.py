"""The memory layouts of precision factors and second moments.

The kernels of a layout are compiled (`_core/layouts`); this module holds the shapes and formulas
that Python needs. An exact layout sums the moments of each component about the component's own
point. Each other layout saves work by sums about one center. These sums cancel if components lie
far apart; the pass then uses the exact layout in the attribute `exact`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from gmmx._core.interface import components

if TYPE_CHECKING:
    from gmmx.arrays import Array

Layout = str  # the name of a layout


class MomentLayout(ABC):
    """The shapes and formulas of a layout."""

    name: ClassVar[Layout]
    exact: ClassVar[Layout]  # the layout of sums if components lie far apart
    is_centered: ClassVar[bool] = True  # whether the kernels subtract one center from samples
    has_second_moments: ClassVar[bool] = True  # whether second moments depend on the posterior
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
        """Return the second moments of all components together, as of one component."""
        return sum_over(second, 0)

    @staticmethod
    def exact_factors(factors: Array, n_components: int, n_features: int) -> Array:
        """Return the precision factors in the exact layout."""
        return factors

    @staticmethod
    def from_layout(source: Layout, second: Array) -> Array | None:
        """Return second moments converted from layout `source`, None if that is impossible."""
        return None


def sum_over(second: Array, axis: int) -> Array:
    """Return the sums along an axis, which is kept with length 1."""
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
        """Return variances of one feature as matrices; other conversions are impossible."""
        is_one_feature = source == Diagonal.name and second.shape[1] == 1
        return second[:, :, None] if is_one_feature else None


class Shared(MomentLayout):
    """Factors (n_features, n_features); second moments of that shape, summed over components."""

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
        return components.sum_of_components(second) if source == Dense.name else None


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
    """Factors (n_components, 1); the second moments are traces of that shape."""

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
        return components.traces(second) if source == Diagonal.name else None


LAYOUTS: dict[Layout, type[MomentLayout]] = {
    layout.name: layout for layout in (Dense, Shared, Diagonal, Isotropic)
}
