"""The Python side of the layout in `plain.pxd`, and a covariance structure that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gmmx.model.covariance.diag import Diag
from gmmx.model.layouts import Layout, MomentLayout

if TYPE_CHECKING:
    from gmmx.arrays import Array


class Plain(MomentLayout):
    """Factors and second moments (n_components, n_features)."""

    name = exact = "plain"

    @staticmethod
    def second_shape(n_components: int, n_features: int) -> tuple[int, ...]:
        return n_components, n_features

    @staticmethod
    def cross_products(first: Array, shift: Array) -> Array:
        return 2 * first * shift

    @staticmethod
    def from_layout(source: Layout, second: Array) -> Array | None:
        return second if source == "diagonal" else None


class PlainDiag(Diag):
    """The structure `diag` with the layout `plain`."""

    name = "plain-diag"
    layout = Plain.name
