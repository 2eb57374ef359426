"""GaussianMixtureIC: the search for the number of components and the structure as an estimator."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gmmx._core.interface.prediction import Predictor
from gmmx.blocks.fitting import block_source
from gmmx.blocks.recognition import blocks_of
from gmmx.checks.constructor import check_parameters
from gmmx.checks.parameters import check_name_for_features
from gmmx.checks.random_state import check_random_state
from gmmx.checks.weights import advice_on_repetitions, check_weighted
from gmmx.contract.estimator import attributes_of_fit
from gmmx.estimators.gaussian_mixture import GaussianMixture
from gmmx.estimators.prediction import InformationCriteria
from gmmx.exceptions import invalid_parameter_error, warn_convergence, warn_user
from gmmx.model.covariance import STRUCTURES, STRUCTURES_BY_NAME, CovarianceStructure
from gmmx.progress import Progress, progress
from gmmx.selection.all_samples import fitted_to_all
from gmmx.selection.cells import CRITERIA, Cell, Criterion, best_cell, larger_count
from gmmx.selection.partitions import INIT_PARAMS
from gmmx.selection.results import nothing_ranked_error, ranking_html, results_of
from gmmx.selection.search import Observed, search, structures_for

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, NDArray, Samples
    from gmmx.blocks.block_source import BlockSource
    from gmmx.contract.estimator import FeatureAttributes

SEEDS = 2**31  # a generator as `random_state` draws the seed of the search below this number


class GaussianMixtureIC(InformationCriteria):
    """Gaussian mixture whose number of components and covariance structure are chosen by data.

    `fit` fits a mixture for every number of components and every covariance structure, each from
    several starts, and keeps the mixture with the smallest information criterion. Mixtures whose
    likelihood is large only because a component has shrunk onto a few samples are refused.

    Parameters
    ----------
    min_components : int, default=1
        Smallest number of components.
    max_components : int, default=9
        Largest number of components. If the best mixture has as many, search again with more.
    covariance_type : 'all', str or list of str, default='all'
        Covariance structures to choose from, by the names that `GaussianMixture` takes. 'all':
        every structure that the samples can tell apart, that is without structures of matrices if
        there are not more samples than features, and without equal structures if there is one
        feature.
    criterion : {'bic', 'aic', 'icl'}, default='bic'
        The criterion to minimize: Bayesian, Akaike's, or that of the integrated completed
        likelihood, which prefers components that hardly overlap.
    n_init : int, default=8
        Largest number of starts of each mixture; the same clusters are started once. All starts
        make a few iterations, and the one of largest likelihood runs until it converges.
    init_params : {'all', 'hierarchical', 'kmeans', 'k-means++'}, default='all'
        The clusters that the starts are computed from: those of a hierarchical clustering, a single
        start; those of k-means; those of k-means++ seeds; or one of the hierarchical clustering and
        half each of the others. Half of the starts by k-means cluster standardized samples, the
        others whitened ones.
    tol : float or None, default=None
        EM has converged when the mean log-likelihood changes by less than `tol` nats per sample.
        None: when the log-likelihood of all samples changes by less than 1e-4 nats, but not below
        1e-8 nats per sample; in the fit of samples in blocks to all of them, 1e-6 nats per sample.
    reg_covar : float or None, default=None
        Added to every variance. None: 1e-6 times the smallest variance of a feature.
    max_iter : int, default=1000
        Largest number of iterations of the last run of a mixture, which continues its best start.
    random_state : int, RandomState or None, default=None
        Seed of the starts and of `sample`.
    n_threads : int or None, default=None
        Number of threads; None uses all cores that the process may use. The result is the same bits
        for every number.
    verbose : int, default=0
        1 shows a progress bar on stderr, which needs tqdm unless stderr is a terminal.

    Attributes
    ----------
    best_estimator_ : GaussianMixture
        The chosen mixture. Its parameters start a fit where this search has ended.
    n_components_ : int
        Its number of components.
    covariance_type_ : str
        Its covariance structure.
    criterion_ : float
        Its value of the criterion, on all samples.
    labels_ : ndarray of shape (n_samples,)
        Its most probable component of each sample.
    results_ : dict of str to ndarray of shape (n_mixtures,)
        All mixtures: `n_components`, `covariance_type`, `n_parameters`, `log_likelihood` in nats,
        `bic`, `aic`, `icl`, `converged`, `n_iter` of the last run, `refused` (the reason why the
        mixture is left out of the choice, or None) and `fit_time` in seconds. Without a mixture the
        log-likelihood and the criteria are NaN.
    weights_, means_, covariances_, precisions_, precisions_cholesky_, converged_, n_iter_, \
lower_bound_, lower_bounds_, n_samples_seen_
        The attributes of `best_estimator_`.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had any.

    Notes
    -----
    The search computes in float64. If the samples come in blocks, it uses a random sample of them,
    whose size depends on the number of features only, and fits the chosen mixture to all samples:
    `results_` describes the sample.

    References
    ----------
    Fraley, Raftery (2002), "Model-based clustering, discriminant analysis, and density estimation".

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import GaussianMixtureIC
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (100, 2)), rng.normal(6, 1, (100, 2))])
    >>> search = GaussianMixtureIC(max_components=4, random_state=0).fit(X)
    >>> search.n_components_, search.covariance_type_
    (2, 'tied-spherical')
    >>> search.predict([[0.0, 0.0]]) == search.labels_[0]
    array([ True])
    """

    n_components_: int
    covariance_type_: str
    best_estimator_: GaussianMixture
    criterion_: float
    labels_: NDArray[np.int64]
    results_: dict[str, NDArray[Any]]

    _predicts_from = (
        "covariance_type_", "weights_", "means_", "precisions_cholesky_", "n_features_in_",
    )  # fmt: skip
    _fitted_names = GaussianMixture._fitted_names | {
        "best_estimator_", "n_components_", "covariance_type_", "criterion_", "labels_", "results_",
    }  # fmt: skip

    def __init__(
        self,
        min_components: int = 1,
        max_components: int = 9,
        *,
        covariance_type: str | Sequence[str] = "all",
        criterion: Criterion = "bic",
        n_init: int = 8,
        init_params: str = "all",
        tol: float | None = None,
        reg_covar: float | None = None,
        max_iter: int = 1000,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.min_components = min_components
        self.max_components = max_components
        self.covariance_type = covariance_type
        self.criterion = criterion
        self.n_init = n_init
        self.init_params = init_params
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_threads = n_threads
        self.verbose = verbose

    def fit(self, X: object, y: object = None, sample_weight: ArrayLike | None = None) -> Self:
        """Fit all mixtures and keep the best one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples, as `GaussianMixture.fit` takes them.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        GaussianMixtureIC
            This estimator, fitted. If the fit fails, the estimator stays unchanged.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, if a feature has the same value in all samples while
            `reg_covar` is None, or if every mixture is refused. The message says why.
        TypeError
            If X does not hold numbers.
        OSError
            If a file cannot be read.
        ImportError
            If a progress bar is shown and tqdm is not installed.

        Warns
        -----
        ConvergenceWarning
            If the fit of the best mixture did not converge.
        UserWarning
            If the best mixture has `max_components` components, more than `min_components`: more
            may be better. If the sum of the weights is less than the number of samples of positive
            weight: the criteria take it for the number of samples.
        """
        blocks = None if type(X) is np.ndarray else blocks_of(X)
        if blocks is None:
            samples, features = self._check_training_samples(X, min_samples=2)
            self._store_fit(features, partial(self._fitted, samples, sample_weight, features))
            return self
        self._check_parameters()
        source, features = block_source(
            blocks, sample_weight, self.n_threads, fewest_start_samples=self.max_components,
            shows_progress=bool(self.verbose),
        )  # fmt: skip
        self._store_fit(features, partial(self._fitted_to_blocks, X, source, features))
        return self

    def fit_predict(
        self, X: object, y: object = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int64]:
        """Fit all mixtures and return the component of each sample in the best one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples, as `fit` takes them.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples, as `fit` takes them.

        Returns
        -------
        ndarray of shape (n_samples,)
            `labels_`.
        """
        return self.fit(X, y, sample_weight).labels_

    def _result_html(self) -> str:
        """Return the ranking in HTML, then the best mixture."""
        fitted = vars(self)
        results = fitted.get("results_", {})
        if self.criterion not in results:
            return super()._result_html()
        is_best = (results["n_components"] == fitted.get("n_components_")) & (
            results["covariance_type"] == fitted.get("covariance_type_")
        )
        ranking = ranking_html(results, self.criterion, int(np.argmax(is_best)))
        return ranking + super()._result_html()

    def _structure(self) -> type[CovarianceStructure]:
        """Return the covariance structure of the best mixture."""
        return STRUCTURES[self.covariance_type_]

    def _check_parameters(self) -> None:
        """Raise InvalidParameterError if a parameter has a wrong type or value."""
        name, given = type(self).__name__, self.get_params()
        chosen = given.pop("covariance_type")
        derived = [key for key in ("tol", "reg_covar") if given[key] is None]
        given = {key: value for key, value in given.items() if key not in derived}
        check_parameters(given, name, {"criterion": CRITERIA, "init_params": INIT_PARAMS})
        names = [chosen] if isinstance(chosen, str) else chosen
        if not isinstance(names, list | tuple) or len(names) == 0:
            raise invalid_parameter_error(
                f"The 'covariance_type' parameter of {name} must be 'all', a name of a structure, "
                f"or a list of names. Got {chosen!r} instead."
            )
        options = [*STRUCTURES_BY_NAME, *(["all"] if isinstance(chosen, str) else [])]
        for one in names:
            check_parameters({"covariance_type": one}, name, {"covariance_type": options})
        if self.min_components > self.max_components:
            raise invalid_parameter_error(
                f"The 'min_components' parameter of {name} must be at most max_components="
                f"{self.max_components}. Got {self.min_components} instead."
            )

    def _cells(
        self,
        samples: Samples,
        sample_weight: ArrayLike | None,
        features: FeatureAttributes,
        *,
        n_components: Sequence[int] | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> list[Cell]:
        """Return the cells of the search with checked samples.

        By default the numbers of components are the estimator's, and the names of the features are
        those of a data frame's columns.
        """
        self._check_parameters()
        kept, weight = check_weighted(samples, sample_weight, 2)
        columns = features.get("feature_names_in_")
        names = columns.tolist() if feature_names is None and columns is not None else feature_names
        observed = Observed(np.asarray(kept, dtype=np.float64), weight, names, columns)
        counts = n_components or range(self.min_components, self.max_components + 1)
        structures = self._structures_to_search(*observed.X.shape)
        with self._progress(len(counts) * len(structures)) as shown:
            return search(
                observed, counts, structures, self, self._seed(),
                on_start=lambda count, name: shown.start(f"{name}, K = {count}"),
                on_cell=lambda cell: shown(),
            )  # fmt: skip

    def _structures_to_search(self, n_samples: int, n_features: int) -> list[str]:
        """Return the names of the covariance structures, each once."""
        chosen = self.covariance_type
        names = [chosen] if isinstance(chosen, str) else chosen
        if names == ["all"]:
            return structures_for(n_samples, n_features)
        for name in names:
            check_name_for_features(name, n_features)
        return list(dict.fromkeys(STRUCTURES_BY_NAME[name].name for name in names))

    @contextmanager
    def _progress(self, n_steps: int, unit: str = "fit") -> Iterator[Progress]:
        """Show the progress of a job if `verbose` asks for it."""
        if not self.verbose:
            yield Progress()
            return
        with progress(n_steps, unit, is_required=not sys.stderr.isatty()) as shown:
            yield shown

    def _seed(self) -> int:
        """Return the seed of the search: `random_state`, or a number that it draws."""
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(SEEDS))

    def _fitted(
        self, samples: Samples, sample_weight: ArrayLike | None, features: FeatureAttributes
    ) -> Mapping[str, object]:
        """Search with checked samples and return the fitted attributes."""
        cells = self._cells(samples, sample_weight, features)
        best = self._best(cells)
        if not best.is_converged:
            warn_convergence(
                f"The best mixture, {best.covariance_type!r} with {best.n_components} components, "
                f"did not converge in {self.max_iter} iterations. Increase max_iter."
            )
        labels = best.mixture._predicted_of(Predictor.labels, samples)
        return self._attributes(cells, best, labels)

    def _fitted_to_blocks(
        self, X: object, source: BlockSource, features: FeatureAttributes
    ) -> Mapping[str, object]:
        """Search with a sample of the blocks, fit its best mixture to all of them."""
        sample = source.in_memory()
        weight = None if sample.weight is None else sample.weight * sample.weight_unit
        cells = self._cells(sample.X, weight, features)
        best = self._best(cells)
        with self._progress(self.max_iter, "pass") as shown:
            best = fitted_to_all(
                best, source, features, tol=self.tol, max_iter=self.max_iter, on_pass=shown
            )
        labels = np.concatenate(list(best.mixture.iter_predict(X)))
        return self._attributes(cells, best, labels)

    def _best(self, cells: Sequence[Cell]) -> Cell:
        """Return the best cell; warn if more components may be better, raise if all are refused."""
        best = best_cell(cells, self.criterion)
        if best is None:
            raise nothing_ranked_error(cells)
        larger = larger_count(cells, best)
        if larger is not None:
            warn_user(
                f"The best mixture has max_components={best.n_components} components; more may be "
                f"better: search again with max_components={larger}."
            )
        return best

    def _attributes(
        self, cells: Sequence[Cell], best: Cell, labels: NDArray[np.int64]
    ) -> Mapping[str, object]:
        """Return the fitted attributes of a search; warn if weights are no repetitions."""
        total = best.total_weight
        advice = None if total is None else advice_on_repetitions(total, best.n_samples)
        if advice is not None:
            warn_user(advice)
        model = best.mixture
        model.set_params(
            random_state=self.random_state, n_threads=self.n_threads,
            weights_init=model.weights_.copy(), means_init=model.means_.copy(),
            precisions_init=model.precisions_.copy(),
        )  # fmt: skip
        return {
            **attributes_of_fit(model),
            "best_estimator_": model,
            "n_components_": best.n_components,
            "covariance_type_": best.covariance_type,
            "criterion_": float(getattr(best, self.criterion)),
            "labels_": labels,
            "results_": results_of(cells),
        }
