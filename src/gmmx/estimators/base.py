"""Base of the mixtures: fits, files and conversion."""

from __future__ import annotations

import math
import os
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self

import numpy as np

from gmmx._core.interface.prediction import Predictor
from gmmx._core.interface.threads import resolve_n_threads
from gmmx.checks.fit import check_checkpoint, check_fit, check_sizes
from gmmx.checks.parameters import check_warm_start, satisfies_constraints
from gmmx.checks.random_state import check_random_state
from gmmx.checks.samples import check_spread
from gmmx.checks.weights import check_weighted, numbers_of_kept
from gmmx.contract.estimator import Estimator, feature_attributes
from gmmx.contract.hooks import warn_about_hooks
from gmmx.em.fit_warnings import warn_about
from gmmx.em.loop import EMResult
from gmmx.em.restarts import best_of
from gmmx.estimators.attributes import fitted_attributes
from gmmx.estimators.prediction import Predictions
from gmmx.model.covariance import CovarianceStructure
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.array_source import ArraySource

if TYPE_CHECKING:
    from gmmx.arrays import ArrayLike, NDArray, Samples
    from gmmx.em.fit_plan import FitPlan
    from gmmx.em.stepwise import StreamPlan
    from gmmx.estimators.streaming import FirstRows
    from gmmx.exchange.checkpoint_file import CheckpointFile
    from gmmx.samples.source import SampleSource


class Mixture(Predictions):
    """Mixture of Gaussians: a model that is fitted, saved, predicts and draws samples.

    `fit` fits it to all samples at once, `partial_fit` to one batch at a time. Its parameters are
    the sufficient statistics of the stream so far, so that a model that is saved, pickled or copied
    continues the stream.
    """

    precisions_: NDArray[np.floating]
    converged_: bool
    n_iter_: int
    lower_bound_: np.float64
    lower_bounds_: list[np.float64]
    n_samples_seen_: float
    n_components: int
    covariance_type: str
    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
    algorithm: str
    warm_start: bool
    verbose: int
    verbose_interval: int
    callback: Callable[[int, float], object] | None
    learning_offset: float
    learning_decay: float
    forget_factor: float | None
    _first_rows: FirstRows

    _options: ClassVar[dict[str, Collection[str]]]
    _structures: ClassVar[Mapping[str, type[CovarianceStructure]]]

    # Attributes that a warm start needs; a fit of a model without them starts anew.
    _continues_from: ClassVar[tuple[str, ...]] = ("converged_", "covariances_", "lower_bound_")

    _fitted_names = Estimator._fitted_names | {
        "weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_",
        "converged_", "n_iter_", "lower_bound_", "lower_bounds_", "n_samples_seen_",
        "_first_rows",
    }  # fmt: skip

    def __init_subclass__(cls) -> None:
        """Warn if a subclass overrides a method that scikit-learn calls and gmmx does not."""
        super().__init_subclass__()
        warn_about_hooks(cls)

    @classmethod
    def _of(
        cls,
        result: EMResult,
        dtype: np.dtype[Any] | type[np.float64],
        feature_names: NDArray[np.object_] | None = None,
        n_samples_seen: float | None = None,
    ) -> Self:
        """Return a fitted model of a result that gmmx itself computed, without checks."""
        n_components, n_features = result.parameters.means.shape
        structure = result.parameters.covariance.name
        parameters: dict[str, Any] = {"n_components": n_components, "covariance_type": structure}
        model = cls(**parameters)
        features = feature_attributes(n_features, feature_names)
        seen = {} if n_samples_seen is None else {"n_samples_seen_": n_samples_seen}
        model._replace_fitted_attributes({**features, **fitted_attributes(result, dtype), **seen})
        return model

    @abstractmethod
    def _plan(self, samples: SampleSource) -> FitPlan:
        """Check starting values or prior, and return the plan of a fit to the samples."""

    @abstractmethod
    def _stream_plan(self, parameters: MixtureParameters, dtype: np.dtype[Any]) -> StreamPlan:
        """Return the plan of a step from `parameters`, which are those of the fitted attributes."""

    def fit(
        self,
        X: object,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Estimate the parameters of the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or samples in blocks
            Samples. float32 samples are computed in float32 with moments in float64, all others
            in float64. Samples in blocks need not fit in memory, and are read in each pass: a
            `numpy.memmap`, the path of a ``.npy`` or Parquet file or of a directory of Parquet
            files, a list of such paths, a `pyarrow.dataset.Dataset`, a `pyarrow.Table`, a
            `polars.LazyFrame`, a list of arrays, or an object whose ``__iter__`` yields arrays or
            (array, weights), each time anew.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.
        checkpoint : path-like or None, default=None
            A file that keeps the progress of the fit. It is replaced in one step after every 5
            passes, and removed at the end of the fit. If it exists, the fit goes on from it, to
            the same result.

        Returns
        -------
        GaussianMixture
            This estimator, fitted. If the fit fails, the estimator stays unchanged.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, if a component collapses in every start, or if
            `checkpoint` belongs to another fit.
        TypeError
            If X does not hold numbers.
        OSError
            If a file cannot be read, or `checkpoint` cannot be written.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge, or a component lost all samples or was repaired.
        """
        if checkpoint is not None:
            check_checkpoint(checkpoint)
            self._fit(X, sample_weight, checkpoint)
            with suppress(FileNotFoundError):
                os.remove(checkpoint)
        elif type(self).fit_predict is Mixture.fit_predict:
            self._fit(X, sample_weight)
        else:
            self.fit_predict(X, y, *(() if sample_weight is None else (sample_weight,)))
        return self

    def fit_predict(
        self, X: object, y: object = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int64]:
        """Estimate the parameters of the mixture and return the component of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        ndarray of shape (n_samples,)
            The most probable component of each sample, equal to ``fit(X).predict(X)``.
        """
        samples = self._fit(X, sample_weight)
        if samples is None:
            return np.concatenate(list(self.iter_predict(X)))
        return self._predicted_of(Predictor.labels, samples)

    def partial_fit(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Update the mixture with one batch of a stream.

        The first batches are kept until they have 40 numbers for each free parameter of the
        mixture, that is ``40 * n_parameters / n_features`` rows; until then the mixture is not
        fitted. These rows are fitted as in `fit`. From then on each batch is one step of stepwise
        EM, in constant memory. A mixture that `fit` has fitted goes on from there.

        After a step `n_iter_` is larger by 1, and `converged_` is False. `lower_bound_` is the
        bound of the weighted statistics: in `GaussianMixture` the weighted mean of the batches'
        mean log-likelihoods, each before the step with this batch. `lower_bounds_` holds no other
        bound. The arrays are in float64.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A batch of samples. One row is enough; larger batches take less time per row.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : array-like of shape (n_samples,), number or None, default=None
            Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
            weight 0 is left out.

        Returns
        -------
        GaussianMixture
            This estimator. If the step fails, it stays unchanged.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, if X has other features than the batches before, if
            parameters of the estimator were changed to another shape of mixture, or if a component
            collapses.
        TypeError
            If X does not hold numbers.

        Warns
        -----
        ConvergenceWarning
            If the fit of the first rows did not converge, or a component lost all samples or was
            repaired.

        References
        ----------
        Cappe, Moulines (2009), "On-line expectation-maximization algorithm for latent data
        models", Journal of the Royal Statistical Society B 71.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmx import GaussianMixture
        >>> rng = np.random.default_rng(0)
        >>> gm = GaussianMixture(2, random_state=0)
        >>> for _ in range(100):
        ...     batch = rng.normal(2, 1, (200, 1)) + 8 * rng.integers(2, size=(200, 1))
        ...     gm = gm.partial_fit(batch)
        >>> np.sort(gm.means_.ravel()).round(1).tolist(), gm.n_samples_seen_
        ([2.0, 10.0], 20000.0)
        """
        check_fit(self, self._options, self._structures)
        from gmmx.estimators import streaming  # noqa: PLC0415 - few need it

        if self.__sklearn_is_fitted__():
            samples = self._check_new_samples(X)
            step = partial(streaming.after_step, self, samples, sample_weight)
            self._store_fit(self._features(), step)
            return self
        rows, features = streaming.rows_until(self, X, sample_weight)
        if len(rows.samples) < self._n_rows(streaming.FIRST_NUMBERS, rows.samples.shape[1]):
            self._replace_fitted_attributes({**features, "_first_rows": rows})
        else:
            fitted = partial(self._fitted, rows.samples, sample_weight=rows.weight)
            self._store_fit(features, fitted)
        return self

    def save(self, file: str | os.PathLike[str] | BinaryIO) -> None:
        """Save the fitted model to a file for `gmmx.load`.

        The file holds the parameters and the fitted attributes, bit for bit, and a checksum of its
        contents. It holds no code. A file at a path is replaced in one step: after a crash the path
        holds the whole old file or the whole new file. ``docs/model_file.md`` describes the format.

        Parameters
        ----------
        file : path-like or binary file object
            The file to write; a path may have any extension.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        TypeError
            If a parameter or attribute is not data, such as a function, if the class is a subclass
            that `gmmx.load` could not find, or if a file object is not binary.
        ValueError
            If fitted attributes that were set by hand have shapes that do not agree.
        OSError
            If the file cannot be written; an old file stays unchanged.

        Examples
        --------
        >>> import gmmx, os, tempfile
        >>> gm = gmmx.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.gmmx")
        ...     gm.save(path)
        ...     print(gmmx.load(path).means_)
        [[1.]]
        """
        from gmmx.exchange.format import write_model_file  # noqa: PLC0415 - few need it
        from gmmx.exchange.saving import model_file_of  # noqa: PLC0415 - few need it

        write_model_file(file, model_file_of(self))

    def to_bytes(self) -> bytes:
        """Return the contents of the file that `save` writes, for `gmmx.load`.

        Returns
        -------
        bytes
            A model file, for example for a database or a cache.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As for `save`.

        Examples
        --------
        >>> import gmmx
        >>> gm = gmmx.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> gmmx.load(gm.to_bytes()).means_
        array([[1.]])
        """
        from gmmx.exchange.format import encode  # noqa: PLC0415 - few need it
        from gmmx.exchange.saving import model_file_of  # noqa: PLC0415 - few need it

        return encode(model_file_of(self))

    def to_sklearn(self) -> Any:
        """Return a fitted estimator of scikit-learn with the same predictions, up to rounding.

        Covariance types that scikit-learn lacks become ``'tied'``. Parameters that scikit-learn
        lacks are left out.

        Returns
        -------
        estimator of sklearn.mixture
            An estimator of the class of the same name. It shares no memory with this model.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        ImportError
            If scikit-learn is not installed; the extra ``sklearn`` installs it.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> gm.to_sklearn()
        GaussianMixture(random_state=0)
        """
        from gmmx.exchange.sklearn import to_sklearn  # noqa: PLC0415 - few need it

        self._check_is_fitted()
        return to_sklearn(self)

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Return a fitted model with parameters and fitted attributes of scikit-learn's estimator.

        Parameters
        ----------
        fitted : estimator of sklearn.mixture
            A fitted estimator of the class of the same name.

        Returns
        -------
        GaussianMixture
            The model. It shares no memory with `fitted`.

        Raises
        ------
        TypeError
            If `fitted` is of another class.
        NotFittedError
            If `fitted` is not fitted.
        ImportError
            If scikit-learn is not installed; the extra ``sklearn`` installs it.

        Examples
        --------
        >>> from sklearn import mixture
        >>> from gmmx import GaussianMixture
        >>> theirs = mixture.GaussianMixture(random_state=0).fit([[0.0], [1.0], [2.0]])
        >>> GaussianMixture.from_sklearn(theirs).means_
        array([[1.]])
        """
        from gmmx.exchange.sklearn import from_sklearn  # noqa: PLC0415 - few need it

        return from_sklearn(cls, fitted)

    def _fit(
        self,
        X: object,
        sample_weight: ArrayLike | None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Samples | None:
        """Fit, and return the checked samples, None if they come in blocks."""
        blocks = None
        if type(X) is not np.ndarray:
            from gmmx.blocks.recognition import blocks_of  # noqa: PLC0415 - arrays do without

            blocks = blocks_of(X)
        if blocks is None:
            samples, features = self._check_training_samples(X, min_samples=2)
            fitted = partial(self._fitted, samples, sample_weight=sample_weight)
            self._store_fit(features, partial(fitted, checkpoint=checkpoint))
            return samples
        from gmmx.blocks.fitting import block_source  # noqa: PLC0415 - few need it

        check_fit(self, self._options, self._structures)
        source, features = block_source(
            blocks, sample_weight, self.n_threads, fewest_start_samples=self.n_components,
            shows_progress=bool(self.verbose),
        )  # fmt: skip
        self._store_fit(features, partial(self._fitted_to, source, checkpoint))
        return None

    def _fitted(
        self,
        samples: Samples,
        n_threads: int | None = None,
        sample_weight: ArrayLike | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Mapping[str, object]:
        """Fit to checked samples and return the fitted attributes.

        `n_threads` is the number of threads of a pass, by default the constructor's parameter.
        """
        kept, weight = check_weighted(samples, sample_weight, 2)
        check_fit(self, self._options, self._structures)
        check_spread(kept)
        n_threads = n_threads or resolve_n_threads(self.n_threads)
        numbers = numbers_of_kept(sample_weight, len(samples), len(kept))
        return self._fitted_to(ArraySource(kept, n_threads, weight, numbers), checkpoint)

    def _fitted_to(
        self, samples: SampleSource, checkpoint: str | os.PathLike[str] | None = None
    ) -> Mapping[str, object]:
        """Return the fitted attributes: run EM from each start and keep the largest bound."""
        check_sizes(self, samples.n_samples, samples.n_features)
        plan = self._plan(samples)
        warm = self.warm_start and all(hasattr(self, name) for name in self._continues_from)
        random_state = check_random_state(self.random_state)
        if warm:
            starts = [partial(self._last_parameters, samples.n_features)]
        else:
            starts = [partial(plan.start, random_state)] * self.n_init
        lower_bound = self._last_bound(samples.n_features) if warm else -np.inf
        file = None
        if checkpoint is not None:
            last_fit = [self.means_.tolist(), float(self.lower_bound_)] if warm else None
            file = self._checkpoint_file(checkpoint, plan, samples, random_state, last_fit)
        result = best_of(plan, starts, self, lower_bound, file)
        warn_about(result, self.max_iter)
        n_seen = samples.total_weight * samples.weight_unit
        return {**plan.attributes(result), "n_samples_seen_": n_seen}

    def _checkpoint_file(
        self,
        path: str | os.PathLike[str],
        plan: FitPlan,
        samples: SampleSource,
        random_state: np.random.RandomState,
        last_fit: object,
    ) -> CheckpointFile:
        """Return the file that keeps the progress of a fit."""
        from copy import copy  # noqa: PLC0415 - few need it

        from gmmx.blocks.block_source import BlockSource  # noqa: PLC0415 - few need it
        from gmmx.exchange.checkpoint_file import CheckpointFile  # noqa: PLC0415 - few need it

        def parameters_of(fitted: Mapping[str, object]) -> MixtureParameters:
            model = copy(self)
            vars(model).update(fitted)
            return model._parameters()

        def values_of(result: EMResult) -> dict[str, object]:
            return {**plan.attributes(result), **fitted_attributes(result, np.float64)}

        assert isinstance(samples, ArraySource | BlockSource)
        return CheckpointFile(
            path, self, samples, random_state, last_fit=last_fit, values_of=values_of,
            parameters_of=parameters_of,
        )  # fmt: skip

    def _structure(self) -> type[CovarianceStructure]:
        """Return the covariance structure named by `covariance_type`."""
        return self._structures[self.covariance_type]

    def _n_components_left(self) -> int:
        """Return the number of components that a warm start expects."""
        return self.n_components

    def _last_parameters(self, n_features: int) -> MixtureParameters:
        """Return the parameters of the last fit, after checking that a fit may go on from them."""
        shape = self._n_components_left(), n_features
        covariance_shape = self._structure().covariance_shape(*shape)
        check_warm_start((self.means_.shape, self.covariances_.shape), (shape, covariance_shape))
        return self._parameters()

    def _last_bound(self, n_features: int) -> float:
        """Return the bound of the last fit, -inf if it holds for no parameters of this fit."""
        covariance = self._last_parameters(n_features).covariance
        is_same_structure = satisfies_constraints(covariance, self.covariances_.dtype)
        return float(self.lower_bound_) if self.max_iter > 0 and is_same_structure else -np.inf

    def _n_rows(self, numbers: int, n_features: int) -> int:
        """Return the number of rows with so many numbers for each free parameter."""
        n_parameters = self._structure().n_free_parameters(
            self.n_components, n_features, equal_weights=bool(self.equal_weights)
        )
        return max(2, self.n_components, math.ceil(numbers * n_parameters / n_features))

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether fitted attributes exist that describe more than the features."""
        return "_first_rows" not in vars(self) and super().__sklearn_is_fitted__()

    def _check_is_fitted(self) -> None:
        """Raise NotFittedError before there are parameters, with the number of rows lacking."""
        kept = vars(self).get("_first_rows")
        if kept is not None:
            from gmmx.estimators import streaming  # noqa: PLC0415 - few need it

            n_needed = self._n_rows(streaming.FIRST_NUMBERS, kept.samples.shape[1])
            raise streaming.too_few_rows_error(type(self).__name__, len(kept.samples), n_needed)
        super()._check_is_fitted()
