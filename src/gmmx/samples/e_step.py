"""The E-step: the choice of moments, and of the points that they are taken about.

An exact pass takes the moments of each component about the component's mean, in the layout dense
or diagonal. If all means are near their center, a long pass takes all moments about the center
instead, which saves work in the kernels:

========= =====================================================================================
Layout    Long pass, means near their center
========= =====================================================================================
dense     Pairs of features are multiplied once for all components. With more than
          `MOST_PAIRED_FEATURES` features the pass stays exact.
shared    Only first moments are taken: the second moments of all samples do not depend on the
          posterior.
diagonal  Samples are centered once for all components.
isotropic As diagonal; the squared norm of a sample is computed once for all components.
========= =====================================================================================

There are two more cases. Matrices of one feature are treated as variances, in the layout diagonal.
A dense pass that visits the samples in the order of their last labels (`VisitingOrder`) is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gmmx.model.layouts import LAYOUTS, Layout
from gmmx.model.parameters import MixtureParameters
from gmmx.model.statistics import SufficientStatistics
from gmmx.samples.kernel_parameters import KernelParameters
from gmmx.samples.moments import FIRST_MOMENTS, SECOND_MOMENTS, rounded_to, unpack_sums
from gmmx.samples.visiting_order import FEWEST_FEATURES

if TYPE_CHECKING:
    from typing import Unpack

    import numpy as np

    from gmmx.arrays import Array, Samples
    from gmmx.samples.kernel_parameters import PassOptions
    from gmmx.samples.visiting_order import VisitingOrder
    from gmmx.samples.windows import Window

# A pass is long if distances from each mean need at least as many multiplications. Then one center,
# or one matrix for all components, saves more time than it takes to compute.
FEWEST_MULTIPLICATIONS = 1 << 18
MOST_PAIRS = 20_000  # of a sample and a component in a small pass, which takes 0.1 milliseconds


class EStep:
    """The plan of one E-step, and the conversion of its sums to statistics.

    The sums over parts of the samples add up to the sums over all samples.

    Parameters
    ----------
    mixture : MixtureParameters
        Parameters before the step.
    n_samples : int
        Number of samples.
    dtype : dtype
        Precision of the pass.
    total : callable
        Returns the statistics of all samples as one component: `SampleSource.total`.
    origin : ndarray of shape (n_components, n_features), optional
        Points that moments are taken about exactly; by default the means.
    visits : VisitingOrder, optional
        Chooses the order of the samples of a dense pass.
    largest_weight : float, default=1.0
        Largest weight of a sample as a multiple of the mean weight.
    """

    def __init__(
        self,
        mixture: MixtureParameters,
        n_samples: int,
        dtype: np.dtype[Any],
        total: Callable[[Layout], SufficientStatistics],
        origin: Array | None = None,
        visits: VisitingOrder | None = None,
        largest_weight: float = 1.0,
    ) -> None:
        self.largest_weight = largest_weight
        self.parameters = parameters = KernelParameters(mixture)
        self.layout: Layout = LAYOUTS[parameters.own_layout].exact
        self.total: SufficientStatistics | None = None  # where the pass takes no second moments
        self.visits: VisitingOrder | None = None
        center = None
        is_long = origin is None and is_long_pass(n_samples, mixture)
        if is_long or parameters.has_one_variance_each:
            self.layout, center = parameters.layout, parameters.center_of_samples
        if not LAYOUTS[self.layout].is_centered:
            if visits is not None:
                self.visits = visits
                visits.start_pass(mixture.means, parameters.own_factors)
            if is_long and not (visits is not None and visits.is_ordered):
                center = parameters.center_of_pairs
        elif not LAYOUTS[self.layout].has_second_moments:
            self.total = total("dense")
        # The pass takes moments about the center if there is one, and else about the origin.
        self.center = None if center is None else rounded_to(dtype, center)
        self.origin = rounded_to(dtype, mixture.means if origin is None else origin)

    def window_sums(self, window: Window, n_threads: int) -> Array:
        """Run the pass over a window, in the order of its last labels if that saves work."""
        if self.visits is None:
            return self.sums(window.X, n_threads, window.weight)
        options = self.visits.options(window.start, len(window.X))
        sums = self.sums(window.X, n_threads, window.weight, **options)
        self.visits.keep(window.start, options)
        return sums

    def sums(
        self,
        X: Samples,
        n_threads: int,
        weight: Samples | None = None,
        **options: Unpack[PassOptions],
    ) -> Array:
        """Run the pass over samples, with weights (n_samples,), and return its sums."""
        options["moments"] = SECOND_MOMENTS if self.total is None else FIRST_MOMENTS
        if self.center is None:
            # A responsibility is negligible if it is so with the largest weight.
            options["origin"] = self.origin
            options["weights"] = self.parameters.parameters.weights / self.largest_weight
        if weight is not None:
            options["sample_weight"] = weight
        sums = self.parameters.run(X, n_threads, self.layout, self.center, **options)
        assert sums is not None
        return sums

    def statistics(self, sums: Array) -> SufficientStatistics:
        """Return the statistics in the layout of the structure."""
        own_layout = self.parameters.own_layout
        if self.center is None:
            return unpack_sums(sums, self.layout, self.origin).to_layout(own_layout)
        center, second = self.center[None], None
        if self.total is not None:
            second = self.total.about(center).second[0]
        centers = center.repeat(self.parameters.n_components, axis=0)
        statistics = unpack_sums(sums, self.layout, centers, second)
        return statistics.about(self.origin).to_layout(own_layout)


def is_small_pass(n_samples: int, mixture: MixtureParameters) -> bool:
    """Return whether the pass is exact, in the order of the rows, and takes one thread."""
    n_components, n_features = mixture.means.shape
    is_ordered = mixture.covariance.are_matrices and n_features >= FEWEST_FEATURES
    is_short = n_samples * n_components <= MOST_PAIRS and not is_long_pass(n_samples, mixture)
    return is_short and not is_ordered


def is_long_pass(n_samples: int, mixture: MixtureParameters) -> bool:
    """Return whether one center, or one matrix for all components, saves time."""
    n_components, n_features = mixture.means.shape
    for_value = n_components * (n_features if mixture.covariance.are_matrices else 1)
    return bool(n_samples * n_features * for_value >= FEWEST_MULTIPLICATIONS)
