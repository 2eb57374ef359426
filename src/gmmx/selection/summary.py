"""Summary of a mixture on samples, with the contents of the summary that R's mclust prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gmmx._core.interface.prediction import Predictor
from gmmx.blocks.fitting import new_blocks
from gmmx.blocks.recognition import blocks_of
from gmmx.checks.feature_names import feature_names
from gmmx.checks.weights import check_sample_weight, check_total_weight, weighted_sum
from gmmx.contract.components import MOST_COMPONENTS, MOST_FEATURES, shown_names
from gmmx.contract.representation import IGNORED_BY_MATHJAX
from gmmx.contract.tables import Table, number_format
from gmmx.estimators.component_covariances import covariance_matrices, feature_variances
from gmmx.estimators.prediction import InformationCriteria, Predictions
from gmmx.model import criteria
from gmmx.model.covariance import (
    MCLUST_DESCRIPTIONS,
    MCLUST_NAMES,
    ONE_FEATURE_NAMES,
    STRUCTURES,
)

if TYPE_CHECKING:
    from gmmx.arrays import Array, ArrayLike, FloatArray, NDArray
    from gmmx.blocks.block import Blocks


@dataclass(frozen=True, eq=False, repr=False)
class MixtureSummary:
    """A mixture and its fit to samples; the result of `summary`.

    Attributes
    ----------
    class_name : str
        Name of the mixture's class.
    covariance_type : str
        Covariance structure.
    feature_names : tuple of str
        Names of the features in the mixture, else of the columns of X, else x0, x1, ...
    n_samples : float
        Number of samples, or the sum of their weights.
    n_parameters : int or None
        Number of free parameters; None for a Bayesian mixture.
    log_likelihood : float
        Log-likelihood of all samples, in nats.
    complete_log_likelihood : float
        Log-likelihood of all samples and their most probable components, in nats.
    sizes : ndarray of shape (n_components,)
        Number of samples, or the sum of their weights, of which each component is the most
        probable one.
    weights : ndarray of shape (n_components,)
        Mixing probabilities.
    means : ndarray of shape (n_components, n_features)
        Means.
    compact_covariances : ndarray
        Covariances in the shape of the mixture's attribute `covariances_`.

    Examples
    --------
    >>> from gmmx import GaussianMixture, summary
    >>> mixture = GaussianMixture.from_parameters(
    ...     [0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], covariance_type="VII")
    >>> result = summary(mixture, [[0.0], [1.0], [9.0]])
    >>> result.n_components, result.sizes.tolist(), result.covariances[:, 0, 0].tolist()
    (2, [2, 1], [1.0, 1.0])
    """

    class_name: str
    covariance_type: str
    feature_names: tuple[str, ...]
    n_samples: float
    n_parameters: int | None
    log_likelihood: float
    complete_log_likelihood: float
    sizes: NDArray[Any]
    weights: Array
    means: Array
    compact_covariances: Array

    @property
    def covariances(self) -> Array:
        """Covariance matrices (n_components, n_features, n_features), whatever the structure.

        They are computed at each access.
        """
        return covariance_matrices(
            STRUCTURES[self.covariance_type], self.compact_covariances, self.means.shape
        )

    @property
    def n_components(self) -> int:
        """Number of components."""
        return len(self.weights)

    @property
    def mclust_name(self) -> str | None:
        """Name of the structure in R's mclust, None if mclust does not have it.

        Mixtures of one component are XII, XXI or XXX, and X if there is one feature.
        """
        aliases = {
            name: alias for alias, name in MCLUST_NAMES.items() if alias not in ONE_FEATURE_NAMES
        }
        name = aliases.get(self.covariance_type, self.covariance_type)
        if not name.isupper():
            return None
        if self.n_components == 1:
            name = name.replace("E", "X").replace("V", "X")
        return name[0] if len(self.feature_names) == 1 else name

    @property
    def aic(self) -> float:
        """Akaike's information criterion; smaller is better."""
        return criteria.aic(self.log_likelihood, self._count_parameters())

    @property
    def bic(self) -> float:
        """Bayesian information criterion; smaller is better. mclust's is its negative."""
        return criteria.bic(self.log_likelihood, self._count_parameters(), self.n_samples)

    @property
    def icl(self) -> float:
        """Integrated completed likelihood criterion; smaller is better. mclust negates it."""
        return criteria.bic(self.complete_log_likelihood, self._count_parameters(), self.n_samples)

    def _count_parameters(self) -> int:
        """Return the number of free parameters; raise AttributeError if there is no such number."""
        if self.n_parameters is None:
            raise AttributeError(
                f"{self.class_name} has a posterior in place of parameters, and so no information "
                "criteria. Compare Bayesian mixtures by their method elbo."
            )
        return self.n_parameters

    def __repr__(self) -> str:
        tables = "\n\n".join(table.text() for table in self._tables())
        title = self._title()
        return f"{title}\n{'-' * len(title)}\n{self._model()}\n\n{tables}"

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 - notebooks need it

        tables = "".join(table.html() for table in self._tables())
        return (
            f'<div class="{IGNORED_BY_MATHJAX}"><p><strong>{escape(self._title())}</strong><br/>'
            f"{escape(self._model())}</p>{tables}</div>"
        )

    def _title(self) -> str:
        """Return the class and the size of the mixture."""
        n_components, n_features = self.means.shape
        return f"{self.class_name}, n_components={n_components}, n_features={n_features}"

    def _model(self) -> str:
        """Return the names of the structure."""
        own = f"covariance_type={self.covariance_type!r}"
        name = self.mclust_name
        return own if name is None else f"{own}, in mclust {name} ({MCLUST_DESCRIPTIONS[name]})"

    def _tables(self) -> Iterator[Table]:
        """Yield the tables of mclust's summary, of the first components and features of many."""
        yield self._fit_table()
        components = [str(k) for k in range(self.n_components)][:MOST_COMPONENTS]
        n_left_out = self.n_components - len(components)
        sizes = [f"{size:.12g}" for size in self.sizes[:MOST_COMPONENTS]]
        weights = [f"{weight:.7g}" for weight in self.weights[:MOST_COMPONENTS]]
        for caption, row in (("Clustering table", sizes), ("Mixing probabilities", weights)):
            yield Table(caption, components, [row]).with_left_out(0, n_left_out)
        formats = map(number_format, self.means.T, np.sqrt(self._variances()).T)
        yield self._feature_table("Means", self.means, list(formats)[:MOST_FEATURES])
        yield from self._covariance_tables()

    def _fit_table(self) -> Table:
        """Return log-likelihood and criteria."""
        header, row = (
            ["log-likelihood", "n"],
            [f"{self.log_likelihood:.4f}", f"{self.n_samples:.12g}"],
        )
        if self.n_parameters is None:
            return Table("Fit to the samples", header, [row])
        values = [f"{value:.4f}" for value in (self.bic, self.icl, self.aic)]
        return Table(
            "BIC, ICL, AIC: smaller is better; mclust prints -BIC and -ICL",
            [*header, "df", "BIC", "ICL", "AIC"],
            [[*row, str(self.n_parameters), *values]],
        )

    def _covariance_tables(self) -> Iterator[Table]:
        """Yield variances, or matrices: one if the components share it."""
        structure = STRUCTURES[self.covariance_type]
        if not structure.are_matrices or len(self.feature_names) == 1:
            yield self._feature_table("Variances", self._variances(), [".7g"] * MOST_FEATURES)
            return
        if "component" not in structure.axes:
            yield self._matrix_table("Covariances of all components", self.compact_covariances)
            return
        for k, matrix in enumerate(self.compact_covariances[:MOST_COMPONENTS]):
            yield self._matrix_table(f"Covariances of component {k}", matrix)

    def _variances(self) -> Array:
        """Return the variances of the features, (n_components, n_features)."""
        return feature_variances(
            STRUCTURES[self.covariance_type], self.compact_covariances, self.means.shape
        )

    def _feature_table(self, caption: str, values: Array, formats: list[str]) -> Table:
        """Return a table with a row for each feature and a column for each component."""
        shown = values[:MOST_COMPONENTS].T
        rows = [
            [name, *(format(value, kind) for value in row)]
            for name, row, kind in zip(self.feature_names, shown, formats, strict=False)
        ]
        header = ["", *map(str, range(shown.shape[1]))]
        n_rows, n_columns = len(shown) - len(rows), len(values) - shown.shape[1]
        return Table(caption, header, rows).with_left_out(n_rows, n_columns)

    def _matrix_table(self, caption: str, matrix: Array) -> Table:
        """Return a table of a covariance matrix."""
        names = self.feature_names[:MOST_FEATURES]
        rows = [
            [name, *(f"{value:.7g}" for value in row[:MOST_FEATURES])]
            for name, row in zip(names, matrix, strict=False)
        ]
        n_left_out = len(matrix) - len(names)
        return Table(caption, ["", *names], rows).with_left_out(n_left_out, n_left_out)


def summary(
    model: Predictions, X: object, sample_weight: ArrayLike | None = None
) -> MixtureSummary:
    """Summarize a mixture and its fit to samples, as `summary` of R's package mclust does.

    Parameters
    ----------
    model : GaussianMixture, GaussianMixtureIC or BayesianGaussianMixture
        A fitted mixture. A Bayesian mixture has no information criteria: they are not printed.
    X : array-like of shape (n_samples, n_features) or samples in blocks
        Samples, usually those of the fit: an array, or files, tables and iterables as `fit` takes
        them. They are read once.
    sample_weight : array-like of shape (n_samples,), number or None, default=None
        Weights of the samples. A sample of weight 2 counts as two equal samples; a sample of
        weight 0 is left out.

    Returns
    -------
    MixtureSummary
        The numbers, as attributes. Its representation is a text, and tables in a notebook; of many
        components and features they have the first 12 and 8.

    Raises
    ------
    NotFittedError
        If the mixture is not fitted.
    TypeError, ValueError
        If `model` is no mixture of gmmx, or X or the weights are invalid.

    References
    ----------
    Scrucca, Fop, Murphy, Raftery (2016), "mclust 5: clustering, classification and density
    estimation using Gaussian finite mixture models", The R Journal 8.

    Examples
    --------
    >>> from gmmx import GaussianMixture, summary
    >>> X = [[0.0], [1.0], [2.0], [8.0], [8.5], [9.0], [9.5]]
    >>> result = summary(GaussianMixture(2, random_state=0).fit(X), X)
    >>> result.sizes, result.n_parameters, round(result.bic, 3)
    (array([4, 3]), 5, 33.286)
    >>> print(str(result).splitlines()[2])
    covariance_type='full', in mclust V (univariate, unequal variance)
    """
    if not isinstance(model, Predictions):
        raise TypeError(
            f"summary needs a mixture of gmmx, such as GaussianMixture, got {type(model).__name__}."
        )
    model._check_is_fitted()
    log_likelihood = complete_log_likelihood = 0.0
    n_samples: float = 0
    sizes = np.zeros(len(model.weights_), dtype=np.int64)
    blocks = blocks_of(X, is_read_once=True)
    for samples, weight in _weighted_blocks(model, X, blocks, sample_weight):
        log_prob = model._predicted_of(Predictor.log_prob, samples)
        labels = model._predicted_of(Predictor.labels, samples)
        of_block, weight_of_block = weighted_sum(log_prob, weight)
        log_likelihood += of_block
        complete_log_likelihood += weighted_sum(model._completed(samples), weight)[0]
        n_samples += weight_of_block
        sizes = sizes + np.bincount(labels, weight, minlength=len(sizes))
    check_total_weight(n_samples)
    return MixtureSummary(
        class_name=type(model).__name__,
        covariance_type=model._structure().name,
        feature_names=_names_of(model, X if blocks is None else blocks),
        n_samples=n_samples,
        n_parameters=model._n_parameters() if isinstance(model, InformationCriteria) else None,
        log_likelihood=log_likelihood,
        complete_log_likelihood=complete_log_likelihood,
        sizes=sizes,
        weights=np.array(model.weights_, dtype=np.float64),
        means=np.array(model.means_, dtype=np.float64),
        compact_covariances=np.array(model.covariances_, dtype=np.float64),
    )


def _names_of(model: Predictions, X: object) -> tuple[str, ...]:
    """Return the names of the features in the mixture, or those of the columns of the samples."""
    fitted_names = getattr(model, "feature_names_in_", None)
    return tuple(shown_names(model.means_.shape[1], fitted_names, feature_names(X)))


def _weighted_blocks(
    model: Predictions, X: object, blocks: Blocks | None, sample_weight: ArrayLike | None
) -> Iterator[tuple[FloatArray, Array | None]]:
    """Return an iterator over checked samples and their weights; an array is a single block."""
    if blocks is not None:
        return new_blocks(model, blocks, sample_weight)
    samples = model._check_new_samples(cast("ArrayLike", X))
    return iter([(samples, check_sample_weight(sample_weight, len(samples)))])
