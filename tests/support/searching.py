"""The cells of a search, with the mixtures that `GaussianMixtureIC` does not keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from gmmx import GaussianMixtureIC
from gmmx.model.covariance import STRUCTURES
from gmmx.selection.cells import Cell


def search(
    X: ArrayLike,
    n_components: Sequence[int] = range(1, 10),
    covariance_types: Sequence[str] | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    random_state: int = 0,
    **options: Any,
) -> list[Cell]:
    """Return a cell for each number of components and each structure, by default all structures."""
    model = GaussianMixtureIC(
        covariance_type=list(covariance_types or STRUCTURES), random_state=random_state, **options
    )
    samples, features = model._check_training_samples(X, min_samples=2)
    return model._cells(
        samples, sample_weight, features, n_components=n_components, feature_names=feature_names
    )
