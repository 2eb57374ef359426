"""GaussianMixture: scikit-learn's estimator on compiled kernels."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gmmx.checks.constructor import check_parameters
from gmmx.checks.parameters import (
    check_equal_weights,
    check_means,
    check_name_for_features,
    check_weights,
    given_parameters,
    given_precisions,
)
from gmmx.em.fit_plan import FitPlan
from gmmx.em.loop import EMResult
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.em.repair import DEGENERATE
from gmmx.em.restarts import ALGORITHMS
from gmmx.em.stopping import TOL_TYPES
from gmmx.estimators.attributes import fitted_attributes
from gmmx.estimators.base import Mixture
from gmmx.estimators.prediction import InformationCriteria
from gmmx.model.covariance import STRUCTURES_BY_NAME
from gmmx.model.parameters import MixtureParameters, equalized
from gmmx.starts.initializer import INIT_PARAMS, Initializer

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, FloatArray
    from gmmx.em.stepwise import StreamPlan
    from gmmx.samples.source import SampleSource


class GaussianMixture(InformationCriteria, Mixture):
    """Gaussian mixture fitted by expectation-maximization.

    Interface and results are equal to `sklearn.mixture.GaussianMixture`. gmmx adds `n_threads`,
    `algorithm`, `callback`, `tol_type`, `degenerate`, `equal_weights`, covariance types,
    `from_parameters`, and `partial_fit` with its three parameters.

    Parameters
    ----------
    n_components : int, default=1
        Number of components.
    covariance_type : {'full', 'tied', 'diag', 'spherical', 'tied-diag', 'tied-spherical', \
'VEI', 'EVI', 'VEE', 'EVE', 'VVE', 'EEV', 'VEV', 'EVV'}, default='full'
        'full': a covariance matrix for each component; 'tied': one matrix shared by all
        components; 'diag': a variance for each component and feature; 'spherical': a variance for
        each component; 'tied-diag': a variance for each feature, shared by all components;
        'tied-spherical': a single variance. The other names are those of R's mclust: three letters
        for volume, shape and orientation, which are equal for all components (E), vary between them
        (V), or are the axes of the features (I). mclust's names are accepted for all types, such as
        'VVV' for 'full'.
    tol : float, default=1e-3
        EM has converged when the mean log-likelihood changes by less than `tol` nats per sample.
        Where EM is slow, it stops far from the maximum; ``tol_type='aitken'`` avoids this.
    reg_covar : float, default=1e-6
        Added to every variance, so that covariances stay positive definite. If variances plus
        `reg_covar` would leave the covariance structure, it is added to the variances of each
        component before covariances of the structure are fitted to them.
    max_iter : int, default=100
        Largest number of iterations; with 0 the starting values become the model.
    n_init : int, default=1
        Number of starts; the result with the largest likelihood is kept. A start in which a
        component collapses is discarded.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data', 'hierarchical', \
'whitened', 'small-em'}, default='kmeans'
        How starting values are found: by k-means clustering, from k-means++ seeds, from random
        responsibilities, or from samples drawn at random. 'hierarchical': by model-based
        agglomerative clustering as in R's mclust, of at most 2,000 samples; it draws no random
        numbers that depend on `random_state`, so that one start (`n_init`) is enough. 'whitened':
        by k-means of the whitened samples, a copy of `X`, so that long clusters are found and units
        do not matter. 'small-em': 32 starts make 10 iterations of EM on at most 5,000 samples, and
        the one of largest likelihood goes on.
    weights_init : array-like of shape (n_components,), default=None
        Starting weights; None computes them by `init_params`.
    means_init : array-like of shape (n_components, n_features), default=None
        Starting means; None computes them by `init_params`.
    precisions_init : array-like, default=None
        Starting precisions, in the shape of `covariances_`; None computes them by `init_params`.
    random_state : int, RandomState or None, default=None
        Seed of the starts and of `sample`.
    warm_start : bool, default=False
        Whether `fit` continues from the last solution. After a change of `covariance_type` to a
        structure with fewer constraints it may stop after one iteration: give the last solution as
        `weights_init`, `means_init` and `precisions_init` instead.
    verbose : int, default=0
        1 prints each start and every `verbose_interval`-th iteration; 2 also prints the time and
        the change of the likelihood.
    verbose_interval : int, default=10
        Number of iterations between two lines.
    n_threads : int or None, default=None
        Number of threads of the compiled code; None uses all cores that the process may use. The
        result is the same bits for every number.
    algorithm : {'em', 'squarem'}, default='em'
        'em' takes the same steps as scikit-learn. 'squarem' extrapolates these steps and needs
        fewer passes over the samples where EM is slow. The likelihood never decreases; the fit
        ends once the remaining gain is about `tol`, however slow EM is. `n_iter_` counts passes.
    callback : callable or None, default=None
        Called as ``callback(iteration, lower_bound)`` after each iteration of each start, with
        the number of the iteration, from 1, and its mean log-likelihood per sample. If the
        callback returns True, the fit ends without a warning and keeps the best result so far;
        `converged_` tells whether this result had converged. If the callback raises an exception,
        the fit ends, too, and the estimator stays unchanged.
    tol_type : {'absolute', 'aitken'}, default='absolute'
        The quantity that `tol` is compared to. 'absolute': the change of the mean log-likelihood
        in one iteration, which may be far below the remaining gain where EM is slow. 'aitken':
        Aitken's estimate of the remaining gain, in nats of the total log-likelihood, whatever the
        number of samples. The estimate is rougher with ``algorithm='squarem'``.
    degenerate : {'raise', 'reseed', 'drop'}, default='raise'
        Treatment of a component that collapses: its covariance becomes singular, or it loses all
        samples. 'raise': a singular covariance raises an error, and a component without samples
        keeps weight 0. 'reseed': the component starts anew at the sample that the other components
        explain worst, with their pooled covariance and weight 1 / n_components, at most 10 times
        in a start. 'drop': the fit continues without the component, and fitted attributes have
        fewer than n_components rows. If a shared covariance is singular, 'reseed' and 'drop' treat
        the component with the fewest samples. Both replace singular covariances in the starting
        values by the pooled covariance. Each repair is reported by a warning. With `reg_covar`
        above 0 covariances are seldom singular.
    learning_offset : float, default=0.0
        Added to the number t of a batch in `partial_fit`, whose share in the statistics is
        (learning_offset + t) ** -learning_decay. The first rows are fitted until EM converges, so
        that the next batches may have large shares; a larger offset trusts these rows more.
    learning_decay : float, default=0.7
        The exponent of this share, in (0.5, 1]. With 1 all batches count the same; smaller values
        forget the first ones sooner, whose posteriors are those of worse parameters, but average
        over fewer rows at the end. The default is that of `LatentDirichletAllocation`.
    forget_factor : float or None, default=None
        If given, the share of every batch in `partial_fit`, in (0, 1), so that the mixture follows
        a drift: what was learned before counts less by this share with each batch, and about the
        last 1 / forget_factor batches determine the mixture.
    equal_weights : bool, default=False
        Whether all weights stay 1 / n_components, so that there are n_components - 1 free
        parameters fewer. Of components that lost all samples the weight is 0 nevertheless.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Probabilities of the components. If components were dropped, this and the arrays below
        have fewer rows.
    means_ : ndarray of shape (n_components, n_features)
        Means of the components.
    covariances_ : ndarray
        Covariances, (n_components, n_features, n_features) for 'full', (n_features, n_features)
        for 'tied', (n_components, n_features) for 'diag', 'VEI' and 'EVI', (n_components,) for
        'spherical', (n_features,) for 'tied-diag', () for 'tied-spherical', and (n_components,
        n_features, n_features) for the other names of mclust.
    precisions_ : ndarray
        Inverses of the covariances, in the shape of `covariances_`.
    precisions_cholesky_ : ndarray
        Upper triangular factors U of the precisions U U^T; for variances, the square roots of the
        precisions.
    converged_ : bool
        Whether the best start converged.
    n_iter_ : int
        Number of iterations of the best start.
    lower_bound_ : numpy.float64
        Mean log-likelihood per sample, in nats, before the last M-step of the best start.
    lower_bounds_ : list of numpy.float64
        Mean log-likelihood per sample, in nats, of each iteration of the best start.
    n_samples_seen_ : float
        Number of samples in `fit` and `partial_fit`, or the sum of their weights. With
        `forget_factor` samples count less by this share with each later batch.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    Notes
    -----
    Fitted attributes may be replaced or changed in place: the next prediction uses the new values.
    Any number of threads may predict with one model.

    References
    ----------
    McLachlan, Peel (2000), "Finite mixture models", chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> gm = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> gm.means_
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> gm.predict([[0, 0], [12, 3]])
    array([1, 0])
    """

    _structures = STRUCTURES_BY_NAME
    _options: ClassVar[dict[str, Collection[str]]] = {
        "covariance_type": STRUCTURES_BY_NAME,
        "init_params": INIT_PARAMS,
        "algorithm": ALGORITHMS,
        "tol_type": ("absolute", "aitken"),
        "degenerate": DEGENERATE,
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_threads: int | None = None,
        algorithm: str = "em",
        callback: Callable[[int, float], object] | None = None,
        tol_type: str = "absolute",
        degenerate: str = "raise",
        learning_offset: float = 0.0,
        learning_decay: float = 0.7,
        forget_factor: float | None = None,
        equal_weights: bool = False,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_threads = n_threads
        self.algorithm = algorithm
        self.callback = callback
        self.tol_type = tol_type
        self.degenerate = degenerate
        self.learning_offset = learning_offset
        self.learning_decay = learning_decay
        self.forget_factor = forget_factor
        self.equal_weights = equal_weights

    @classmethod
    def from_parameters(
        cls,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        covariance_type: str = "full",
    ) -> Self:
        """Return a fitted model with known parameters.

        Parameters
        ----------
        weights : array-like of shape (n_components,)
            Probabilities of the components, with sum 1.
        means : array-like of shape (n_components, n_features)
            Means of the components.
        covariances : array-like
            Covariances in the shape of `covariances_`.
        covariance_type : str, default='full'
            Covariance structure.

        Returns
        -------
        GaussianMixture
            The model, in float32 if all three arrays are float32, else in float64.

        Raises
        ------
        ValueError
            If shapes do not agree, weights are not probabilities, a covariance is not positive
            definite, or covariances do not satisfy the constraints of their structure.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture.from_parameters(
        ...     [0.5, 0.5], [[0.0], [4.0]], [[1.0], [1.0]], covariance_type="diag")
        >>> gm.predict_proba([[2.0]])
        array([[0.5, 0.5]])
        """
        check_parameters({"covariance_type": covariance_type}, cls.__name__, cls._options)
        structure = STRUCTURES_BY_NAME[covariance_type]
        parameters, dtype = given_parameters(structure, weights, means, covariances)
        check_name_for_features(covariance_type, parameters.means.shape[1])
        model = cls._of(EMResult(parameters, [], 0, False, -np.inf), dtype)
        model.covariance_type = covariance_type
        return model

    def _plan(self, samples: SampleSource) -> FitPlan:
        """Check the user's starting values, and return the plan of a fit to the samples."""
        repair = DEGENERATE[self.degenerate]
        initializer = Initializer(
            samples, self._structure(), self.n_components, self.init_params,
            *self._given_start(samples.n_features), self.reg_covar,
            pool_singular=repair is not None, equal_weights=bool(self.equal_weights),
        )  # fmt: skip
        return FitPlan(
            steps=self._steps(samples),
            start=initializer.start,
            algorithm=self.algorithm,
            stopping=partial(TOL_TYPES[self.tol_type], samples.total_weight * samples.weight_unit),
            attributes=partial(fitted_attributes, dtype=samples.dtype),
            repair=repair and partial(repair, samples),
        )

    def _given_start(
        self, n_features: int
    ) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None]:
        """Return the user's starting weights, means and precisions, checked, or None."""
        weights, means, precisions = self.weights_init, self.means_init, self.precisions_init
        shape = self.n_components, n_features
        if weights is not None:
            weights = check_weights(weights, self.n_components)
        if self.equal_weights:
            weights = check_equal_weights(weights, self.n_components)
        return (
            weights,
            None if means is None else check_means(means, *shape),
            None if precisions is None else given_precisions(self._structure(), shape, precisions),
        )

    def _stream_plan(self, parameters: MixtureParameters, dtype: np.dtype[Any]) -> StreamPlan:
        """Return the plan of a step from `parameters`, which are those of the fitted attributes."""
        from gmmx.em.stepwise import StreamPlan, statistics_of  # noqa: PLC0415 - few need it

        repair, fitted = DEGENERATE[self.degenerate], vars(self)
        return StreamPlan(
            past=statistics_of(parameters, self.reg_covar, fitted.get("lower_bound_", -np.inf)),
            n_seen=fitted.get("n_samples_seen_"),
            steps=self._steps,
            attributes=partial(fitted_attributes, dtype=np.float64),
            repair=repair,
        )

    def _steps(self, samples: SampleSource) -> ExpectationMaximization:
        """Return the E-step and the M-step."""
        return ExpectationMaximization(
            samples,
            self.reg_covar,
            allow_empty=DEGENERATE[self.degenerate] is None,
            equal_weights=bool(self.equal_weights),
        )

    def _last_parameters(self, n_features: int) -> MixtureParameters:
        """Return the parameters of the last fit, whose weights may not have been equal."""
        parameters = super()._last_parameters(n_features)
        if not self.equal_weights:
            return parameters
        return parameters.with_weights(equalized(parameters.weights))

    def _n_components_left(self) -> int:
        """Return the number of components, fewer if the last fit dropped some."""
        if self.degenerate == "drop":
            return min(self.n_components, len(self.means_))
        return self.n_components
