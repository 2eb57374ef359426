"""BayesianGaussianMixture: scikit-learn's variational estimator on compiled kernels."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gmmx.bayes.one_feature import variational_steps
from gmmx.bayes.posterior import MixturePosterior, MixturePrior
from gmmx.bayes.posterior_statistics import statistics_of
from gmmx.bayes.variational import VariationalBayes
from gmmx.bayes.weight_distributions import WEIGHT_DISTRIBUTIONS, WeightDistribution
from gmmx.contract.estimator import Attributes
from gmmx.em.fit_plan import FitPlan
from gmmx.em.loop import EMResult
from gmmx.em.restarts import ALGORITHMS
from gmmx.em.stepwise import StreamPlan
from gmmx.em.stopping import TOL_TYPES
from gmmx.estimators.attributes import fitted_means_and_covariance
from gmmx.estimators.base import Mixture
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.estimators.given_prior import prior_of
from gmmx.estimators.posterior_attributes import (
    components_in_use,
    fitted_posterior,
    fitted_prior,
    posterior_attributes,
)
from gmmx.model.covariance import CONJUGATE_STRUCTURES_BY_NAME, DegenerateCovarianceError
from gmmx.model.parameters import MixtureParameters
from gmmx.starts.initializer import INIT_PARAMS, Initializer

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike
    from gmmx.samples.source import SampleSource


class BayesianGaussianMixture(Mixture):
    """Gaussian mixture with a posterior of its parameters, fitted by variational inference.

    Components that the samples do not need get weights near zero. Interface and results are equal
    to `sklearn.mixture.BayesianGaussianMixture`. gmmx adds `n_threads`, `callback`, `tol_type`,
    `algorithm`, the covariance types ``'tied-diag'`` and ``'tied-spherical'``,
    `n_active_components_`, `prune`, `elbo`, and `partial_fit` with its three parameters.

    Parameters
    ----------
    n_components : int, default=1
        Largest number of components.
    covariance_type : {'full', 'tied', 'diag', 'spherical', 'tied-diag', 'tied-spherical'}, \
default='full'
        'full': a covariance matrix for each component; 'tied': one matrix shared by all
        components; 'diag': a variance for each component and feature; 'spherical': a variance for
        each component; 'tied-diag': a variance for each feature, shared by all components;
        'tied-spherical': a single variance. These structures have conjugate priors; the names of
        R's mclust are accepted for them.
    tol : float, default=1e-3
        The fit has converged when the lower bound changes by less than `tol` nats, in total or per
        sample; see `tol_type`.
    reg_covar : float, default=1e-6
        Added to every variance of the samples.
    max_iter : int, default=100
        Largest number of iterations; with 0 the starting values become the model.
    n_init : int, default=1
        Number of starts; the result with the largest lower bound is kept.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data', 'hierarchical', \
'whitened', 'small-em'}, default='kmeans'
        How samples are first assigned to components: by k-means clustering, from k-means++ seeds,
        by random responsibilities, or from samples drawn at random; 'hierarchical': by model-based
        agglomerative clustering, which is the same for each `random_state`; 'whitened': by k-means
        of the whitened samples; 'small-em': by the best of 32 short runs of EM. See
        `GaussianMixture`.
    weight_concentration_prior_type : {'dirichlet_process', 'dirichlet_distribution'}, \
default='dirichlet_process'
        Prior of the weights: an infinite mixture, truncated at `n_components`, or a finite one.
    weight_concentration_prior : float or None, default=None
        Concentration of the prior of the weights. A smaller value uses fewer components. None
        means 1 / n_components.
    mean_precision_prior : float or None, default=None
        Weight of `mean_prior`, in samples. None means 1.
    mean_prior : array-like of shape (n_features,), default=None
        Prior expectation of the means. None means the mean of X.
    degrees_of_freedom_prior : float or None, default=None
        Degrees of freedom of the Wishart prior of the precisions, above n_features - 1. None means
        n_features.
    covariance_prior : float or array-like, default=None
        Inverse of the scale of the Wishart prior, in the shape of one component's covariance. It
        is a scatter matrix, added to the scatter of each component's samples. None means the
        covariance of X.
    random_state : int, RandomState or None, default=None
        Seed of the starts and of `sample`.
    warm_start : bool, default=False
        Whether `fit` continues from the last solution.
    verbose : int, default=0
        1 prints each start and every `verbose_interval`-th iteration; 2 also prints the time and
        the change of the lower bound.
    verbose_interval : int, default=10
        Number of iterations between two lines.
    n_threads : int or None, default=None
        Number of threads of the compiled code; None uses all cores that the process may use. The
        result is the same bits for every number.
    callback : callable or None, default=None
        Called as ``callback(iteration, lower_bound)`` after each iteration of each start. If the
        callback returns True, the fit ends without a warning and keeps the best result so far.
    tol_type : {'absolute', 'per-sample'}, default='absolute'
        The quantity that `tol` is compared to. 'absolute': the change of the lower bound, which is
        a sum over all samples, as in scikit-learn; the same `tol` is stricter for more samples.
        'per-sample': this change divided by the number of samples, as in `GaussianMixture`. Set
        `tol` to about 1e-6 with 'per-sample': components empty slowly, and the default of 1e-3
        would end the fit before they are empty.
    algorithm : {'em', 'squarem'}, default='em'
        'em' takes the same steps as scikit-learn. 'squarem' extrapolates these steps and needs
        fewer passes over the samples where the steps are slow, a quarter where many components
        overlap. The lower bound never decreases; the fit ends once the remaining gain is about
        `tol`. `n_iter_` counts passes.
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

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Expected probabilities of the components.
    means_ : ndarray of shape (n_components, n_features)
        Expected means.
    covariances_ : ndarray
        Inverses of the expected precisions, (n_components, n_features, n_features) for 'full',
        (n_features, n_features) for 'tied', (n_components, n_features) for 'diag',
        (n_components,) for 'spherical', (n_features,) for 'tied-diag', () for 'tied-spherical'.
    precisions_ : ndarray
        Expected precisions, in the shape of `covariances_`.
    precisions_cholesky_ : ndarray
        Upper triangular factors U of the precisions U U^T; for variances, the square roots of the
        precisions.
    converged_ : bool
        Whether the best start converged.
    n_iter_ : int
        Number of iterations of the best start.
    lower_bound_ : numpy.float64
        Lower bound of the log evidence of the best start, in nats for all samples together. As in
        scikit-learn, terms that depend on the prior only are left out; `elbo` has every term.
    lower_bounds_ : list of numpy.float64
        The lower bound after each iteration of the best start.
    n_active_components_ : int
        Number of components whose responsibilities sum to at least one sample.
    weight_concentration_prior_ : float
        Concentration of the prior of the weights.
    weight_concentration_ : tuple of two ndarrays, or ndarray, of shape (n_components,)
        Parameters of the beta distributions of the Dirichlet process, or of the Dirichlet
        distribution.
    mean_precision_prior_ : float
        Weight of the prior mean, in samples.
    mean_precision_ : ndarray of shape (n_components,)
        Weights of the means, in samples.
    mean_prior_ : ndarray of shape (n_features,)
        Prior expectation of the means.
    degrees_of_freedom_prior_ : float
        Degrees of freedom of the Wishart prior.
    degrees_of_freedom_ : ndarray of shape (n_components,) or ()
        Degrees of freedom of the Wishart distributions of the precisions.
    covariance_prior_ : float or ndarray
        Inverse of the scale of the Wishart prior.
    n_samples_seen_ : float
        Number of samples in `fit` and `partial_fit`, or the sum of their weights. With
        `forget_factor` samples count less by this share with each later batch.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", 10.2. Blei, Jordan (2006),
    "Variational inference for Dirichlet process mixtures", Bayesian Analysis 1.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import BayesianGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal(9, 1, (300, 2))])
    >>> bgm = BayesianGaussianMixture(n_components=6, random_state=0, max_iter=500).fit(X)
    >>> bgm.n_active_components_
    2
    >>> bgm.prune().weights_.round(2)
    array([0.6, 0.4])
    """

    weight_concentration_prior_type: str
    weight_concentration_prior_: float
    weight_concentration_: tuple[Array, Array] | Array
    mean_precision_prior_: float
    mean_precision_: Array
    mean_prior_: Array
    degrees_of_freedom_prior_: float
    degrees_of_freedom_: Array
    covariance_prior_: Array

    _output_dtype = np.float64
    _predicts_from = (
        *Mixture._predicts_from,
        "weight_concentration_prior_type",
        "weight_concentration_",
        "mean_precision_",
        "degrees_of_freedom_",
    )

    _fitted_names = Mixture._fitted_names | {
        "weight_concentration_prior_", "weight_concentration_", "mean_precision_prior_",
        "mean_precision_", "mean_prior_", "degrees_of_freedom_prior_", "degrees_of_freedom_",
        "covariance_prior_",
    }  # fmt: skip
    _structures = CONJUGATE_STRUCTURES_BY_NAME
    _options: ClassVar[dict[str, Collection[str]]] = {
        "covariance_type": CONJUGATE_STRUCTURES_BY_NAME,
        "init_params": INIT_PARAMS,
        "weight_concentration_prior_type": WEIGHT_DISTRIBUTIONS,
        "tol_type": ("absolute", "per-sample"),
        "algorithm": ALGORITHMS,
    }

    def __init__(
        self,
        *,
        n_components: int = 1,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weight_concentration_prior_type: str = "dirichlet_process",
        weight_concentration_prior: float | None = None,
        mean_precision_prior: float | None = None,
        mean_prior: ArrayLike | None = None,
        degrees_of_freedom_prior: float | None = None,
        covariance_prior: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_threads: int | None = None,
        callback: Callable[[int, float], object] | None = None,
        tol_type: str = "absolute",
        algorithm: str = "em",
        learning_offset: float = 0.0,
        learning_decay: float = 0.7,
        forget_factor: float | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weight_concentration_prior_type = weight_concentration_prior_type
        self.weight_concentration_prior = weight_concentration_prior
        self.mean_precision_prior = mean_precision_prior
        self.mean_prior = mean_prior
        self.degrees_of_freedom_prior = degrees_of_freedom_prior
        self.covariance_prior = covariance_prior
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_threads = n_threads
        self.callback = callback
        self.tol_type = tol_type
        self.algorithm = algorithm
        self.learning_offset = learning_offset
        self.learning_decay = learning_decay
        self.forget_factor = forget_factor

    @property
    def n_active_components_(self) -> int:
        """Number of components whose responsibilities sum to at least one sample."""
        return int(components_in_use(self.mean_precision_, self.mean_precision_prior_).sum())

    def elbo(self, X: ArrayLike) -> float:
        """Return a lower bound of the log evidence of X under the fitted posterior.

        Unlike `lower_bound_` it has every term, so that models with different numbers of components
        and priors can be compared. The bound counts a Wishart distribution for each component, even
        if all components share a scale or the scales are diagonal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        float
            E log p(X, parameters, components) - E log q(parameters, components), in nats for all
            samples together, with the best q of the components.

        Raises
        ------
        ValueError
            If `covariance_prior_` is singular, so that the prior has no density.

        References
        ----------
        Bishop (2006), "Pattern recognition and machine learning", 10.2.2.
        """
        log_likelihood = self.score_samples(X).sum(dtype=np.float64)
        posterior = self._parameters()
        try:
            divergence = posterior.divergence_from(fitted_prior(Attributes(self), posterior))
        except DegenerateCovarianceError as error:
            raise ValueError(
                "The evidence has no lower bound: covariance_prior_ is singular. Pass a "
                "covariance_prior that is positive definite."
            ) from error
        return float(log_likelihood) - divergence

    def prune(self, threshold: float | None = None) -> GaussianMixture:
        """Return a `GaussianMixture` of the components in use.

        Parameters
        ----------
        threshold : float, optional
            Components with at least this weight are kept. By default the components are kept that
            `n_active_components_` counts.

        Returns
        -------
        GaussianMixture
            A fitted model with the expected weights, rescaled to sum 1, the expected means and
            the inverses of the expected precisions, without their uncertainty. `converged_`,
            `n_iter_`, `lower_bound_` and `lower_bounds_` are copied from this model: the bounds
            are bounds of the evidence.

        Raises
        ------
        ValueError
            If no component is kept.
        """
        self._check_is_fitted()
        posterior = self._parameters()
        kept = (
            components_in_use(posterior.mean_precision, self.mean_precision_prior_)
            if threshold is None
            else posterior.weights >= threshold
        )
        if not kept.any():
            raise ValueError(
                f"threshold={threshold!r} leaves no component: the largest weight is "
                f"{posterior.weights.max():.6g}."
            )
        fitted = vars(self)
        result = EMResult(
            posterior.of(np.flatnonzero(kept)), fitted.get("lower_bounds_", []),
            fitted.get("n_iter_", 0), fitted.get("converged_", False),
            fitted.get("lower_bound_", -np.inf),
        )  # fmt: skip
        return GaussianMixture._of(
            result, np.float64, fitted.get("feature_names_in_"), fitted.get("n_samples_seen_")
        )

    def _get_parameters(self) -> tuple[Any, ...]:
        """Return the fitted attributes that determine the posterior."""
        return (
            self.weight_concentration_,
            self.mean_precision_,
            self.means_,
            self.degrees_of_freedom_,
            self.covariances_,
            self.precisions_cholesky_,
        )

    def _weight_distribution(self) -> type[WeightDistribution]:
        """Return the kind of distribution of the weights."""
        return WEIGHT_DISTRIBUTIONS[self.weight_concentration_prior_type]

    def _parameters(self) -> MixturePosterior:
        """Return the posterior in float64 from the fitted attributes, which users may set."""
        fitted = Attributes(self)
        means, covariance = fitted_means_and_covariance(fitted, self._structure())
        return fitted_posterior(fitted, self._weight_distribution(), means, covariance)

    def _plan(self, samples: SampleSource) -> FitPlan:
        """Check the prior, and return the plan of a fit to the samples."""
        structure, prior = self._structure(), self._prior(samples)
        steps = variational_steps(samples, prior, self.reg_covar)
        initializer = Initializer(
            samples, structure, self.n_components, self.init_params,
            None, None, None, self.reg_covar,
        )  # fmt: skip
        return FitPlan(
            steps=steps,
            start=lambda random_state: steps.start(initializer.statistics(random_state)),
            algorithm=self.algorithm,
            stopping=partial(TOL_TYPES[self.tol_type], samples.total_weight * samples.weight_unit),
            attributes=partial(posterior_attributes, prior=prior),
        )

    def _stream_plan(self, parameters: MixtureParameters, dtype: np.dtype[Any]) -> StreamPlan:
        """Return the plan of a step from `parameters`, which are those of the fitted attributes."""
        assert isinstance(parameters, MixturePosterior)
        fitted = Attributes(self)
        prior = fitted_prior(fitted, parameters)
        past = statistics_of(
            parameters, prior, self.reg_covar, fitted.get("lower_bound_", -np.inf), dtype
        )
        return StreamPlan(
            past=past,
            n_seen=float(past.counts.sum()),
            steps=lambda samples: VariationalBayes(samples, prior, self.reg_covar),
            attributes=partial(posterior_attributes, prior=prior),
        )

    def _prior(self, samples: SampleSource) -> MixturePrior:
        """Return the prior with the constructor's values, and defaults from the samples."""
        return prior_of(
            samples, self._structures[self.covariance_type], self._weight_distribution(),
            self.n_components,
            weight_concentration=self.weight_concentration_prior,
            mean_precision=self.mean_precision_prior,
            mean=self.mean_prior,
            degrees_of_freedom=self.degrees_of_freedom_prior,
            covariance=self.covariance_prior,
        )  # fmt: skip
