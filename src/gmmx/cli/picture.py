"""The picture of ``gmmx fit --plot``: the mixture, and the criterion of every mixture.

The figure is made without pyplot, which keeps global state and may open a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gmmx.arrays import Array
from gmmx.plotting.criterion import CriterionDisplay
from gmmx.plotting.mixture import MixtureDisplay
from gmmx.plotting.pairs import MAX_FEATURES, SIDE
from gmmx.selection.cells import Cell, Criterion
from gmmx.selection.results import results_of

DPI = 150
WIDTH_OF_THE_CRITERION = 6.5  # in inches
SMALLEST_SIDE = 6.0  # of the mixture, in inches
PLACE_OF_THE_LEGEND = 1.0


def supported_formats() -> list[str]:
    """Return the extensions of the supported file formats, without dots."""
    return sorted(FigureCanvasAgg(Figure()).get_supported_filetypes())


def save_picture(
    path: Path,
    X: Array,
    feature_names: Sequence[str],
    cells: Sequence[Cell],
    best: Cell,
    criterion: Criterion,
    *,
    title: str,
) -> None:
    """Draw the best mixture and the criterion's curves.

    Parameters
    ----------
    path : Path
        The file to write; its extension selects the format.
    X : ndarray of shape (n_samples, n_features)
        Samples.
    feature_names : sequence of str
        Names of the features.
    cells : sequence of Cell
        Results of the search.
    best : Cell
        The mixture to draw.
    criterion : {'bic', 'aic', 'icl'}
        The criterion that ranked the mixtures.
    title : str
        Name of the samples' source.
    """
    side = max(SIDE * min(X.shape[1], MAX_FEATURES), SMALLEST_SIDE)
    widths = side + PLACE_OF_THE_LEGEND, WIDTH_OF_THE_CRITERION
    figure = Figure(figsize=(sum(widths), side), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=widths, squeeze=False)[0]
    MixtureDisplay.from_estimator(best.mixture, X, feature_names=feature_names, ax=left.subplots())
    left.suptitle(f"{title}: {best.covariance_type}, K = {best.n_components}", parse_math=False)
    display = CriterionDisplay(
        results_of(cells), criterion=criterion, best=(best.n_components, best.covariance_type)
    )
    display.plot(right.subplots())
    figure.savefig(path, dpi=DPI)
