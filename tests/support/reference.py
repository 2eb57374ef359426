"""Reference results from other programs, for tests; data/README.md names their sources.

Arrays are read-only, labels start at 0, and matrices have the shape of their covariance type.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin import Parameters, dense, invert

Array = NDArray[np.floating[Any]]

DATA = Path(__file__).parents[1] / "data"
DATASETS = ("faithful", "iris")
COVARIANCE_TYPE_OF_MODEL = {
    "VVV": "full",
    "EEE": "tied",
    "VVI": "diag",
    "VII": "spherical",
    "EEI": "tied-diag",
    "EII": "tied-spherical",
    **{name: name for name in ("VEI", "EVI", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV")},
}


@dataclass(frozen=True)
class DensityTruth:
    """Log densities and responsibilities to the last bit of float64."""

    weighted_log_prob: Array  # (n, K)
    log_prob: Array  # (n,)
    resp: Array  # (n, K)
    score: float


@dataclass(frozen=True)
class DensityCase:
    """Points and a mixture whose log densities are hard to compute."""

    name: str
    note: str
    covariance_type: str
    dtype: np.dtype[Any]
    X: Array
    weights: Array
    means: Array
    covariances: Array
    precisions: Array
    condition: float
    truth_from_covariances: DensityTruth
    truth_from_precisions: DensityTruth

    def log_prob_tolerance(self, log_prob: ArrayLike, dtype: Any = None) -> Array:
        """Return the error that stable arithmetic may have in each log density.

        The error is 16 D eps kappa (|log p| + |log det| / 2 + D + 1), where kappa is the condition
        number of the covariance scaled to unit diagonal, and eps the rounding of `dtype`, by
        default of the case's dtype.
        """
        n_features = self.X.shape[1]
        eps = float(np.finfo(self.dtype if dtype is None else dtype).eps)
        size = np.abs(log_prob) + self._largest_log_det() / 2.0 + n_features + 1.0
        return np.asarray(16.0 * n_features * eps * self.condition * size)

    def resp_tolerance(self, truth: DensityTruth, dtype: Any = None) -> Array:
        """Return the error in responsibilities that follows from `log_prob_tolerance`."""
        weighted = np.where(np.isneginf(truth.weighted_log_prob), 0.0, truth.weighted_log_prob)
        in_logarithm = self.log_prob_tolerance(weighted, dtype)
        in_logarithm += self.log_prob_tolerance(truth.log_prob, dtype)[:, np.newaxis]
        # Responsibilities below the smallest normal number may be flushed to 0.
        smallest = float(np.finfo(self.dtype if dtype is None else dtype).tiny)
        growth = np.expm1(np.minimum(in_logarithm, 100.0))
        return np.minimum(truth.resp * growth + smallest, 1.0)

    def _largest_log_det(self) -> float:
        """Return the largest |log det| of the components' covariances."""
        if self.covariance_type in ("full", "tied"):
            log_dets = np.linalg.slogdet(self.covariances)[1]
        elif self.covariance_type in ("diag", "tied-diag"):
            log_dets = np.log(self.covariances).sum(axis=-1)
        else:
            log_dets = self.X.shape[1] * np.log(self.covariances)
        return float(np.max(np.abs(log_dets)))


@dataclass(frozen=True)
class EMCase:
    """A run of EM from a given start, exact to 20 digits."""

    name: str
    note: str
    covariance_type: str
    X: Array
    weights_init: Array
    means_init: Array
    precisions_init: Array
    reg_covar: float
    n_iter: int
    must_raise: bool
    lower_bounds: Array  # (n_iter,), the mean log-likelihood before each M-step
    final_score: float  # the mean log-likelihood after the last M-step
    snapshots: dict[int, Parameters]  # parameters by number of M-steps

    @property
    def relative_tolerance(self) -> float:
        """The relative error that stable arithmetic may have in a lower bound.

        Parameters may have the same error, relative to weights and standard deviations. If the
        condition number of a covariance is kappa, its rounding changes a density by up to
        eps kappa.
        """
        return max(1e-9, float(np.finfo(np.float64).eps) * self._condition())

    def _condition(self) -> float:
        """Return the largest condition number of a covariance scaled to unit diagonal."""
        covariances = [snapshot.covariances for snapshot in self.snapshots.values()]
        covariances.append(invert(self.precisions_init, self.covariance_type))
        matrices = np.concatenate(
            [dense(each, self.covariance_type, *self.means_init.shape) for each in covariances]
        )
        scales = np.sqrt(np.einsum("kdd->kd", matrices))
        correlations = matrices / scales[:, :, np.newaxis] / scales[:, np.newaxis, :]
        return float(np.linalg.cond(correlations).max())


@dataclass(frozen=True)
class Fixpoint:
    """The result of EM of R's mclust, started from a hard partition, without regularization."""

    dataset: str
    start: str
    covariance_type: str
    n_components: int
    n_parameters: int
    X: Array
    start_labels: NDArray[np.intp]  # (n,)
    trace: dict[int, float]  # total log-likelihood by number of M-steps
    log_likelihood: float
    bic: float  # with scikit-learn's sign: smaller is better
    n_m_steps: int  # including the M-step of the partition
    parameters: Parameters

    @property
    def name(self) -> str:
        """Data set, start and covariance type, for the names of tests."""
        return f"{self.dataset}-{self.start}-{self.covariance_type}"

    @property
    def start_resp(self) -> Array:
        """The partition as responsibilities (n, K), each 0 or 1."""
        return np.eye(self.n_components)[self.start_labels]


def faithful() -> Array:
    """Return Old Faithful: duration and waiting time of 272 eruptions, in minutes."""
    return _columns("faithful.csv", ("eruptions", "waiting"))


def iris() -> Array:
    """Return Fisher's iris: length and width of sepals and petals of 150 flowers, in cm."""
    return _columns("iris.csv", ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"))


def dataset(name: str) -> Array:
    """Return one of DATASETS."""
    return {"faithful": faithful, "iris": iris}[name]()


def start_labels(dataset_name: str, start: str) -> NDArray[np.intp]:
    """Return a start partition such as 'hc_G3', labels from 0."""
    labels = _columns(f"{dataset_name}_starts.csv", (start,))[:, 0].astype(np.intp) - 1
    return _read_only(labels)


@cache
def density_cases() -> list[DensityCase]:
    """Return the hard cases of log densities at given parameters."""
    arrays = ("X", "weights", "means", "covariances", "precisions")
    return [
        DensityCase(
            name=case["id"],
            note=case["note"],
            covariance_type=case["covariance_type"],
            dtype=np.dtype(case["dtype"]),
            **{key: _array(case[key]) for key in arrays},
            condition=1.0 if case["condition"] is None else case["condition"],
            truth_from_covariances=_density_truth(case["truth_from_covariances"]),
            truth_from_precisions=_density_truth(case["truth_from_precisions"]),
        )
        for case in _json("hard_densities.json")["cases"]
    ]


@cache
def em_cases() -> list[EMCase]:
    """Return the hard runs of EM."""
    return [
        EMCase(
            name=case["id"],
            note=case["note"],
            covariance_type=case["covariance_type"],
            X=_array(case["X"]) if "X" in case else dataset(Path(case["X_ref"]).stem),
            **{key: _array(case[key]) for key in ("weights_init", "means_init", "precisions_init")},
            reg_covar=case["reg_covar"],
            n_iter=case["steps"],
            must_raise=case["status"] == "error",
            lower_bounds=_array(case.get("lower_bounds", [])),
            final_score=float(case.get("final_score", "nan")),
            snapshots={
                int(n_iter): Parameters(**{key: _array(value) for key, value in snapshot.items()})
                for n_iter, snapshot in case.get("snapshots", {}).items()
            },
        )
        for case in _json("hard_em.json")["cases"]
    ]


@cache
def fixpoints(covariance_types: tuple[str, ...]) -> list[Fixpoint]:
    """Return mclust's results of EM from fixed partitions, except singular results."""
    return [
        Fixpoint(
            dataset=name,
            start=run["start"],
            covariance_type=COVARIANCE_TYPE_OF_MODEL[run["model"]],
            n_components=run["G"],
            n_parameters=run["npar"],
            X=dataset(name),
            start_labels=start_labels(name, run["start"]),
            trace=dict(zip(run["trace_iter"], run["trace_loglik"], strict=True)),
            log_likelihood=run["loglik"],
            bic=-run["bic"],
            # A negative number means that the last bits alternate for ever. There is no number
            # where mclust's inner iterations end at a tolerance.
            n_m_steps=400 if run["n_iter"] is None else run["n_iter"] if run["n_iter"] > 0 else 200,
            parameters=Parameters(
                _array(run["parameters"]["pro"]),
                _array(run["parameters"]["mean"]),
                _from_dense(run["parameters"]["sigma"], COVARIANCE_TYPE_OF_MODEL[run["model"]]),
            ),
        )
        for name in DATASETS
        for run in _json(f"mclust_{name}.json")["em_from_fixed_start"]
        if run["loglik"] is not None and COVARIANCE_TYPE_OF_MODEL[run["model"]] in covariance_types
    ]


def one_component_bic(dataset_name: str) -> dict[str, float]:
    """Return mclust's BIC of a single Gaussian by covariance type; smaller is better."""
    table = _json(f"mclust_{dataset_name}.json")
    row = table["bic_table"][table["bic_G"].index(1)]
    models = zip(table["bic_models"], row, strict=True)
    return {COVARIANCE_TYPE_OF_MODEL[model]: -bic for model, bic in models if bic is not None}


def merged_mixtures() -> dict[str, dict[str, Any]]:
    """Return mixtures of data sets, and their components as mclust's clustCombi merges them."""
    return _json("mclust_clustcombi.json")


def bootstrap_errors() -> dict[str, Any]:
    """Return estimates and standard errors of mclust for a mixture of faithful."""
    return dict(_json("mclust_bootstrap.json")["faithful"])


def name_of(case: DensityCase | EMCase | Fixpoint) -> str:
    """Return the name of a case, for the names of tests."""
    return case.name


def assert_within(actual: ArrayLike, expected: ArrayLike, tolerance: ArrayLike) -> None:
    """Assert that each number differs from the expected number by at most its tolerance."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    with np.errstate(invalid="ignore"):
        errors = np.where(actual == expected, 0.0, np.abs(actual - expected))
    is_within = errors <= tolerance
    assert is_within.all(), (
        f"{actual[~is_within]} should be {expected[~is_within]} within "
        f"{np.broadcast_to(tolerance, actual.shape)[~is_within]}"
    )


def assert_same_parameters(
    actual: Parameters, expected: Parameters, covariance_type: str, tolerance: float
) -> None:
    """Assert that two mixtures agree, in units of weights and standard deviations.

    Means and covariances of a component with weight 0 are not compared.
    """
    assert_within(actual.weights, expected.weights, tolerance * expected.weights)
    assert np.shape(actual.means) == expected.means.shape
    assert np.shape(actual.covariances) == expected.covariances.shape
    is_used = expected.weights > 0.0
    matrices, expected_matrices = (
        dense(covariances, covariance_type, *expected.means.shape)[is_used]
        for covariances in (actual.covariances, expected.covariances)
    )
    deviations = np.sqrt(np.einsum("kdd->kd", expected_matrices))
    means = expected.means[is_used]
    rounding = 4.0 * np.finfo(np.float64).eps * np.abs(means)
    assert_within(actual.means[is_used], means, tolerance * deviations + rounding)
    products = deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :]
    assert_within(matrices, expected_matrices, tolerance * products)


def _density_truth(fields: dict[str, Any]) -> DensityTruth:
    """Return the exact values of a density case, decimal strings rounded to float64."""
    return DensityTruth(
        weighted_log_prob=_array(fields["weighted_log_prob"]),
        log_prob=_array(fields["log_prob_norm"]),
        resp=_array(fields["resp"]),
        score=float(fields["score"]),
    )


def _from_dense(matrices: Any, covariance_type: str) -> Array:
    """Return covariances (K, D, D) in the shape of their type."""
    matrices = _array(matrices)
    diagonals = np.einsum("kdd->kd", matrices)
    shapes = {
        "tied": matrices[0],
        "diag": diagonals,
        "VEI": diagonals,
        "EVI": diagonals,
        "spherical": diagonals[:, 0],
        "tied-diag": diagonals[0],
        "tied-spherical": diagonals[0, 0],
    }
    return shapes.get(covariance_type, matrices)


@cache
def _json(file_name: str) -> dict[str, Any]:
    """Return the content of a file of `DATA`."""
    content: dict[str, Any] = json.loads((DATA / file_name).read_text(encoding="utf-8"))
    return content


@cache
def _columns(file_name: str, names: tuple[str, ...]) -> Array:
    """Return columns of numbers from a file of `DATA`."""
    with (DATA / file_name).open(newline="", encoding="utf-8") as file:
        rows = [[row[name] for name in names] for row in csv.DictReader(file)]
    return _array(rows)


def _array(values: Any) -> Array:
    """Return nested lists of numbers or decimal strings as a read-only float64 array."""
    return _read_only(np.array(values).astype(np.float64))


def _read_only(array: Any) -> Any:
    """Make an array read-only and return it."""
    array.flags.writeable = False
    return array
