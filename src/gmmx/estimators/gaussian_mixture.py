"""GaussianMixture: scikit-learn's estimator on compiled kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from gmmx.checks.constructor import check_parameters
from gmmx.checks.parameters import given_parameters, given_start
from gmmx.contract.estimator import Attributes
from gmmx.em.fit_plan import FitPlan
from gmmx.em.loop import EMResult
from gmmx.em.maximum_likelihood import ExpectationMaximization
from gmmx.em.repair import DEGENERATE
from gmmx.em.restarts import ALGORITHMS
from gmmx.em.stopping import TOL_TYPES
from gmmx.estimators.attributes import fitted_attributes, fitted_means_and_covariance
from gmmx.estimators.base import Mixture
from gmmx.model import criteria
from gmmx.model.covariance import STRUCTURES
from gmmx.model.parameters import MixtureParameters
from gmmx.starts.initializer import INIT_PARAMS, Initializer

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, Samples


class GaussianMixture(Mixture):
    """Gaussian mixture fitted by expectation-maximization.

    The contract and the numbers are those of `sklearn.mixture.GaussianMixture`; `n_threads`,
    `algorithm`, `callback`, `tol_type`, `degenerate`, the covariance types ``'tied-diag'`` and
    ``'tied-spherical'`` and `from_parameters` are more.

    Parameters
    ----------
    n_components : int, default=1
        Number of components.
    covariance_type : {'full', 'tied', 'diag', 'spherical', 'tied-diag', 'tied-spherical'}, \
default='full'
        'full': a covariance matrix for each component; 'tied': one for all; 'diag': a variance
        for each component and feature; 'spherical': one for each component; 'tied-diag': one for
        each feature; 'tied-spherical': a single one.
    tol : float, default=1e-3
        Change of the mean log-likelihood, in nats per sample, at which EM has converged. Where EM
        is slow it ends far from the maximum; `tol_type` ``'aitken'`` does not.
    reg_covar : float, default=1e-6
        Added to every variance, so that covariances stay positive definite.
    max_iter : int, default=100
        Largest number of iterations; with 0 the starting values are the model.
    n_init : int, default=1
        Number of starts, of which the one with the largest likelihood is kept. A start in which
        a component collapses is discarded.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}, default='kmeans'
        How starting values are found: by k-means clustering, from k-means++ seeds, from random
        responsibilities, or from samples drawn at random.
    weights_init : array-like of shape (n_components,), default=None
        Starting weights, in place of those found.
    means_init : array-like of shape (n_components, n_features), default=None
        Starting means, in place of those found.
    precisions_init : array-like, default=None
        Starting precisions, inverses of covariances, in the shape of `covariances_`.
    random_state : int, RandomState or None, default=None
        Seed of the starts and of `sample`.
    warm_start : bool, default=False
        Whether `fit` continues from the last solution.
    verbose : int, default=0
        1 prints each start and every `verbose_interval`-th iteration, 2 also the time and the
        change of the likelihood.
    verbose_interval : int, default=10
        Iterations between two lines.
    n_threads : int or None, default=None
        Threads of the compiled code; None for all cores that the process may use. The result is
        the same, bit for bit, for every number.
    algorithm : {'em', 'squarem'}, default='em'
        'em' takes scikit-learn's steps; 'squarem' extrapolates them and needs fewer passes over
        the samples where EM is slow. The likelihood never falls; the fit ends once about `tol` is
        left to gain, however slow EM is. `n_iter_` counts passes.
    callback : callable or None, default=None
        Called as ``callback(iteration, lower_bound)`` after each iteration of each start, with
        the number of the iteration, from 1, and its mean log-likelihood per sample. If it returns
        True, the fit ends: the best result so far is the model, without a warning, and
        `converged_` says whether that had converged. What it raises ends the fit, too, and the
        estimator stays what it was.
    tol_type : {'absolute', 'aitken'}, default='absolute'
        What `tol` is compared to. 'absolute': the change of the mean log-likelihood in one
        iteration, which says little of how much is left where EM is slow. 'aitken': Aitken's
        estimate of all that is left, in nats of the total log-likelihood, whatever the number of
        samples.
    degenerate : {'raise', 'reseed', 'drop'}, default='raise'
        What happens to a component that collapses, that is whose covariance is singular or that
        loses all samples. 'raise': a singular covariance is an error, and a component without
        samples keeps weight 0. 'reseed': the component is started anew at the sample that the
        others explain worst, with their pooled covariance and weight 1 / n_components, at most 10
        times in a start. 'drop': the fit goes on without it, so that fitted attributes have fewer
        than n_components rows. Of a shared covariance it is the component with the fewest samples
        that is treated so. Covariances that are singular in the starting values are replaced by
        the pooled one. All of this is warned about. With `reg_covar` above 0 covariances are
        seldom singular.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Probabilities of the components; fewer rows, here and below, if some were dropped.
    means_ : ndarray of shape (n_components, n_features)
        Means of the components.
    covariances_ : ndarray
        Covariances, (n_components, n_features, n_features) for 'full', (n_features, n_features)
        for 'tied', (n_components, n_features) for 'diag', (n_components,) for 'spherical',
        (n_features,) for 'tied-diag', () for 'tied-spherical'.
    precisions_ : ndarray
        Inverses of the covariances, in the same shape.
    precisions_cholesky_ : ndarray
        Upper triangular U with precision U U^T, or square roots of precisions.
    converged_ : bool
        Whether the best start converged.
    n_iter_ : int
        Number of its iterations.
    lower_bound_ : numpy.float64
        Mean log-likelihood per sample, in nats, before its last M-step.
    lower_bounds_ : list of numpy.float64
        The same for each iteration.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had any.

    Notes
    -----
    Fitted attributes may be replaced or changed in place: the next prediction sees it. Any number
    of threads may predict with one model.

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

    _structures = STRUCTURES
    _options: ClassVar[dict[str, Iterable[str]]] = {
        "covariance_type": STRUCTURES,
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
            In float32 if all three are float32, else in float64.

        Raises
        ------
        ValueError
            If shapes do not agree, weights are not probabilities or a covariance is not positive
            definite.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture.from_parameters(
        ...     [0.5, 0.5], [[0.0], [4.0]], [[1.0], [1.0]], covariance_type="diag")
        >>> gm.predict_proba([[2.0]])
        array([[0.5, 0.5]])
        """
        check_parameters({"covariance_type": covariance_type}, cls.__name__, cls._options)
        structure = STRUCTURES[covariance_type]
        parameters, dtype = given_parameters(structure, weights, means, covariances)
        return cls._of(EMResult(parameters, [], 0, False, -np.inf), dtype)

    def aic(self, X: ArrayLike) -> float:
        """Return Akaike's information criterion on X; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        float
            -2 log-likelihood + 2 number of parameters.

        References
        ----------
        Akaike (1974), "A new look at the statistical model identification".
        """
        return criteria.aic(self._log_likelihood(X)[0], self._n_parameters())

    def bic(self, X: ArrayLike) -> float:
        """Return the Bayesian information criterion on X; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        float
            -2 log-likelihood + log(n_samples) number of parameters.

        References
        ----------
        Schwarz (1978), "Estimating the dimension of a model".
        """
        log_likelihood, n_samples = self._log_likelihood(X)
        return criteria.bic(log_likelihood, self._n_parameters(), n_samples)

    def _n_parameters(self) -> int:
        """Number of free parameters."""
        n_components, n_features = map(int, self.means_.shape)
        return self._structure().n_free_parameters(n_components, n_features)

    def _log_likelihood(self, X: ArrayLike) -> tuple[float, int]:
        """Log-likelihood of the samples, and their number."""
        if type(self).score is not Mixture.score:
            n_samples = np.shape(X)[0]
            return self.score(X) * n_samples, n_samples
        log_prob = self.score_samples(X)
        return float(log_prob.sum(dtype=np.float64)), len(log_prob)

    def _parameters(self) -> MixtureParameters:
        """Parameters in float64 from the fitted attributes, which users may have set."""
        # A fit in another thread replaces the dictionary: all are taken from one.
        fitted = Attributes(self)
        weights = np.ascontiguousarray(fitted["weights_"], dtype=np.float64)
        return MixtureParameters(weights, *fitted_means_and_covariance(fitted, self._structure()))

    def _plan(self, samples: Samples, n_threads: int) -> FitPlan:
        """Return the plan of a fit to these samples; the user's starting values are checked."""
        structure, repair = self._structure(), DEGENERATE[self.degenerate]
        given = given_start(
            structure, (self.n_components, samples.shape[1]),
            self.weights_init, self.means_init, self.precisions_init,
        )  # fmt: skip
        initializer = Initializer(
            samples, structure, self.n_components, self.init_params, *given, self.reg_covar,
            n_threads, pool_singular=repair is not None,
        )  # fmt: skip
        return FitPlan(
            steps=ExpectationMaximization(
                samples, self.reg_covar, n_threads, allow_empty=repair is None
            ),
            start=initializer.start,
            algorithm=self.algorithm,
            stopping=lambda: TOL_TYPES[self.tol_type](len(samples)),
            attributes=lambda result: fitted_attributes(result, samples.dtype),
            repair=None if repair is None else lambda: repair(samples, n_threads),
        )

    def _n_components_left(self) -> int:
        """Components that the last fit did not drop."""
        if self.degenerate == "drop":
            return min(self.n_components, len(self.means_))
        return self.n_components
