"""The estimators for Dask collections."""

from __future__ import annotations

import copy
import inspect
import operator
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Self, TypeVar

from gmmx.contract.estimator import Estimator, attributes_of_fit
from gmmx.dask.blocks import blocks_of
from gmmx.dask.engine import engine_of
from gmmx.dask.predictions import lazy_predictions
from gmmx.dask.worker import log_likelihood
from gmmx.distributed.fit import fit_to_partitions
from gmmx.estimators.base import Mixture
from gmmx.estimators.bayesian_gaussian_mixture import BayesianGaussianMixture
from gmmx.estimators.gaussian_mixture import GaussianMixture

if TYPE_CHECKING:
    import os

    from gmmx.samples.partitions import Engine

LocalMixture = TypeVar("LocalMixture", bound=Mixture)
Constructor = TypeVar("Constructor", bound=Callable[..., None])


def with_parameters_of(local: type[Mixture]) -> Callable[[Constructor], Constructor]:
    """Give a constructor the signature of a local class, and `client` as the last parameter."""

    def decorated(constructor: Constructor) -> Constructor:
        own = inspect.signature(constructor).parameters
        parameters = inspect.signature(local).parameters.values()
        constructor.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [own["self"], *parameters, own["client"]]
        )
        return constructor

    return decorated


class DaskMixture(Estimator, Generic[LocalMixture]):
    """Base of the estimators for Dask: a local mixture that is fitted to partitions."""

    _local_class: type[LocalMixture]
    client: Any
    n_threads: int | None

    def __init__(self, *args: Any, client: Any = None, **parameters: Any) -> None:
        vars(self).update(self._local_class(*args, **parameters).get_params())
        self.client = client

    def fit(self, X: Any, y: object = None, sample_weight: Any = None) -> Self:
        """Estimate the parameters of the mixture.

        Each worker runs the passes over the partitions that it holds; only parameters and sums are
        sent. Call ``X.persist()`` before, unless `fit` is the only user of the data.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features), or list of Delayed
            Samples. The chunks of an array are whole rows. Delayed blocks are arrays or data
            frames with equal columns, of any numbers of rows.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : dask array or series, list of Delayed, number or None, default=None
            Weights of the samples, in the partitions of X. A sample of weight 2 counts as two equal
            samples; a sample of weight 0 is left out.

        Returns
        -------
        DaskGaussianMixture
            This estimator, fitted. If the fit fails, the estimator stays unchanged.

        Raises
        ------
        ValueError
            If a parameter or a partition is invalid, or if a component collapses in every start.
            The message names the partition.
        TypeError
            If X is no collection of Dask, or does not hold numbers.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge, or a component lost all samples or was repaired.
        """
        local = self._local()
        fit_to_partitions(local, self._engine(X, sample_weight))
        self._replace_fitted_attributes(attributes_of_fit(local))
        return self

    def predict(self, X: Any) -> Any:
        """Return the most probable component of each sample.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features), or list of Delayed
            Samples.

        Returns
        -------
        dask array or series of shape (n_samples,), or list of Delayed
            Indices of components, computed when they are needed, in the chunks of X.
        """
        return self._predictions("predict", X)

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each component for each sample.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features), or list of Delayed
            Samples.

        Returns
        -------
        dask array or data frame of shape (n_samples, n_components), or list of Delayed
            Posterior probabilities, computed when they are needed, in the chunks of X.
        """
        return self._predictions("predict_proba", X)

    def score_samples(self, X: Any) -> Any:
        """Return the log-likelihood of each sample.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features), or list of Delayed
            Samples.

        Returns
        -------
        dask array or series of shape (n_samples,), or list of Delayed
            log p(x), in nats, computed when it is needed, in the chunks of X.
        """
        return self._predictions("score_samples", X)

    def score(self, X: Any, y: object = None, sample_weight: Any = None) -> float:
        """Return the mean log-likelihood per sample.

        Parameters
        ----------
        X : dask array or data frame of shape (n_samples, n_features), or list of Delayed
            Samples.
        y : object
            Ignored; present for compatibility with scikit-learn.
        sample_weight : dask array or series, list of Delayed, number or None, default=None
            Weights of the samples, in the partitions of X.

        Returns
        -------
        float
            Mean of ``score_samples(X)``, in nats, weighted by `sample_weight`.
        """
        model = self._sent()
        engine = self._engine(X, sample_weight)
        total, count = engine.map_reduce(partial(log_likelihood, model), operator.add)
        if not count > 0:
            raise ValueError("X has no samples of positive weight.")
        return float(total / count)

    def to_local(self) -> LocalMixture:
        """Return the ordinary estimator with the same parameters and fitted attributes.

        Returns
        -------
        GaussianMixture or BayesianGaussianMixture
            The model. It shares no memory with this one.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        """
        self._check_is_fitted()
        return copy.deepcopy(self._local())

    def save(self, file: str | os.PathLike[str] | BinaryIO) -> None:
        """Save the model of `to_local` to a file for `gmmx.load`.

        Parameters
        ----------
        file : path-like or binary file object
            The file to write.

        Raises
        ------
        NotFittedError
            Before the first `fit`.
        OSError
            If the file cannot be written; an old file stays unchanged.
        """
        self.to_local().save(file)

    def _local(self) -> LocalMixture:
        """Return a local estimator with the parameters and fitted attributes of this one."""
        parameters = self.get_params()
        del parameters["client"]
        local = self._local_class(**parameters)
        vars(local).update(attributes_of_fit(self))
        return local

    def _result_html(self) -> str:
        """Return the HTML of the local estimator's result."""
        return self._local()._result_html()

    def _sent(self) -> LocalMixture:
        """Return the fitted local estimator for the workers, without the user's callback."""
        self._check_is_fitted()
        local = self._local()
        vars(local)["callback"] = None
        return local

    def _predictions(self, method: str, X: Any) -> Any:
        """Return the lazy predictions of a method of the local estimator."""
        return lazy_predictions(self._sent(), method, X, type(self).__name__)

    def _engine(self, X: Any, sample_weight: Any) -> Engine:
        """Return the engine that holds the partitions of X."""
        blocks = blocks_of(X, sample_weight)
        return engine_of(self.client, blocks, type(self).__name__, self.n_threads)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes to pickle or copy; a client belongs to its process."""
        return {**vars(self), "client": None}

    def __sklearn_clone__(self) -> Self:
        """Return an estimator with the same parameters and client, not fitted."""
        parameters = self.get_params()
        client = parameters.pop("client")
        return type(self)(**copy.deepcopy(parameters), client=client)


class DaskGaussianMixture(DaskMixture[GaussianMixture]):
    """Gaussian mixture fitted by expectation-maximization to a Dask collection.

    From the same starting values it equals `gmmx.GaussianMixture` on all rows, up to rounding. The
    result has the same bits whichever worker computed which partition, and also if workers are lost
    during the fit.

    Parameters
    ----------
    n_components, covariance_type, ...
        The parameters of `gmmx.GaussianMixture`. `n_threads` is the largest number of threads of a
        worker; by default each worker uses as many threads as it was given. `callback` is called in
        the process that calls `fit`.
    client : distributed.Client or None, default=None
        The client of the cluster. None means the current client or, if there is none, the scheduler
        in use. A copy or a pickle of the estimator has no client.

    Attributes
    ----------
    weights_, means_, ...
        The fitted attributes of `gmmx.GaussianMixture`.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from gmmx.dask import DaskGaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> X = da.from_array(X, chunks=(4, 2))
    >>> gm = DaskGaussianMixture(n_components=2, random_state=0).fit(X)
    >>> gm.means_
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> gm.predict(X).compute()
    array([1, 1, 1, 0, 0, 0])
    """

    _local_class = GaussianMixture
    _fitted_names = GaussianMixture._fitted_names

    @with_parameters_of(GaussianMixture)
    def __init__(self, *args: Any, client: Any = None, **parameters: Any) -> None:
        super().__init__(*args, client=client, **parameters)


class DaskBayesianGaussianMixture(DaskMixture[BayesianGaussianMixture]):
    """Gaussian mixture fitted by variational inference to a Dask collection.

    From the same starting values it equals `gmmx.BayesianGaussianMixture` on all rows, up to
    rounding. The result has the same bits whichever worker computed which partition, and also if
    workers are lost during the fit.

    Parameters
    ----------
    n_components, covariance_type, ...
        The parameters of `gmmx.BayesianGaussianMixture`. `n_threads` is the largest number of
        threads of a worker; by default each worker uses as many threads as it was given. `callback`
        is called in the process that calls `fit`.
    client : distributed.Client or None, default=None
        The client of the cluster. None means the current client or, if there is none, the scheduler
        in use. A copy or a pickle of the estimator has no client.

    Attributes
    ----------
    weights_, means_, ...
        The fitted attributes of `gmmx.BayesianGaussianMixture`.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from gmmx.dask import DaskBayesianGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal(9, 1, (300, 2))])
    >>> X = da.from_array(X, chunks=(100, 2))
    >>> bgm = DaskBayesianGaussianMixture(n_components=6, random_state=0, max_iter=500).fit(X)
    >>> bgm.n_active_components_
    2
    """

    _local_class = BayesianGaussianMixture
    _fitted_names = BayesianGaussianMixture._fitted_names

    @with_parameters_of(BayesianGaussianMixture)
    def __init__(self, *args: Any, client: Any = None, **parameters: Any) -> None:
        super().__init__(*args, client=client, **parameters)

    @property
    def n_active_components_(self) -> int:
        """Number of components whose responsibilities sum to at least one sample."""
        return self._local().n_active_components_
