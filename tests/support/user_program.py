"""A user's program: a type checker in strict mode must infer every type that it uses."""

from __future__ import annotations

import pickle
import tempfile
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import gmmx
from gmmx import (
    BayesianGaussianMixture,
    ColumnFitError,
    ConvergenceWarning,
    DegenerateMixtureError,
    GaussianMixture,
    GaussianMixtureIC,
    MixtureSummary,
    ModelFileError,
    NotFittedError,
    bootstrap,
    bootstrap_lrt,
    fit_columns,
    load,
    merge_components,
    register_with_sklearn,
    summary,
)


def draw() -> NDArray[np.float64]:
    """Return samples of two components."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(8, 2, (300, 2))])


def fit(X: NDArray[np.float64]) -> GaussianMixture:
    """Fit with a value for every parameter."""
    model = GaussianMixture(
        2,
        covariance_type="diag",
        tol=1e-4,
        reg_covar=1e-6,
        max_iter=200,
        n_init=2,
        init_params="hierarchical",
        weights_init=[0.5, 0.5],
        means_init=[[0.0, 0.0], [8.0, 8.0]],
        precisions_init=None,
        random_state=0,
        warm_start=False,
        verbose=0,
        verbose_interval=10,
        n_threads=1,
        algorithm="squarem",
        callback=lambda iteration, lower_bound: iteration > 100 or lower_bound > 1e9,
        tol_type="absolute",
        degenerate="raise",
        learning_offset=0.0,
        learning_decay=0.7,
        forget_factor=None,
        equal_weights=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            assert_type(model.fit(X), GaussianMixture)
        except DegenerateMixtureError as error:
            raise SystemExit(f"component {error.component}: {error.finding}") from error
    return model


def use(model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Call every method."""
    assert_type(model.predict(X), NDArray[np.int64])
    assert_type(model.fit_predict(X), NDArray[np.int64])
    assert_type(model.predict_proba(X), NDArray[np.floating])
    assert_type(model.score_samples(X), NDArray[np.floating])
    assert_type(model.score(X), float)
    assert_type(model.predict_log_proba(X), NDArray[np.floating])
    assert_type(model.score_components(X), NDArray[np.floating])
    assert_type(model.fit([X, X], checkpoint="fit.checkpoint"), GaussianMixture)
    assert_type(next(model.iter_predict([X])), NDArray[np.int64])
    assert_type(next(model.iter_predict_proba([X])), NDArray[np.floating])
    assert_type(next(model.iter_score_samples([X])), NDArray[np.floating])
    assert_type(model.mahalanobis(X), NDArray[np.floating])
    assert_type(model.outlier_threshold(X, quantile=0.05), float)
    assert_type(model.aic(X), float)
    assert_type(model.bic(X), float)
    assert_type(model.icl(X), float)
    assert_type(model.sample(3), tuple[NDArray[np.float64], NDArray[np.int64]])
    assert_type(model.get_params(), dict[str, Any])
    assert_type(model.set_params(tol=1e-3), GaussianMixture)


def weigh(model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Use weights of samples."""
    weights = np.arange(len(X))
    assert_type(model.fit(X, sample_weight=weights), GaussianMixture)
    assert_type(model.fit_predict(X, sample_weight=weights), NDArray[np.int64])
    assert_type(model.score(X, sample_weight=weights), float)
    assert_type(model.bic(X, sample_weight=weights), float)
    assert_type(model.icl(X, sample_weight=weights), float)


def stream(X: NDArray[np.float64]) -> None:
    """Learn from batches."""
    model = GaussianMixture(2, random_state=0, learning_offset=1.0, learning_decay=0.7)
    for batch in np.array_split(X, 3):
        assert_type(model.partial_fit(batch), GaussianMixture)
    assert_type(model.partial_fit(X, sample_weight=np.ones(len(X))), GaussianMixture)
    assert_type(model.n_samples_seen_, float)
    bayesian = BayesianGaussianMixture(n_components=2, random_state=0, forget_factor=0.1)
    assert_type(bayesian.partial_fit(X), BayesianGaussianMixture)


def look(model: GaussianMixture) -> None:
    """Read every fitted attribute."""
    assert_type(model.weights_, NDArray[np.floating])
    assert_type(model.means_, NDArray[np.floating])
    assert_type(model.covariances_, NDArray[np.floating])
    assert_type(model.precisions_, NDArray[np.floating])
    assert_type(model.precisions_cholesky_, NDArray[np.floating])
    assert_type(model.converged_, bool)
    assert_type(model.n_iter_, int)
    assert_type(model.lower_bound_, np.float64)
    assert_type(model.lower_bounds_, list[np.float64])
    assert_type(model.n_features_in_, int)


def fit_bayesian(X: NDArray[np.float64]) -> BayesianGaussianMixture:
    """Fit with a value for every parameter that GaussianMixture does not have."""
    return BayesianGaussianMixture(
        n_components=2,
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.5,
        mean_precision_prior=1.0,
        mean_prior=[4.0, 4.0],
        degrees_of_freedom_prior=2.0,
        covariance_prior=np.eye(2),
        random_state=0,
        algorithm="squarem",
        learning_offset=0.0,
        learning_decay=0.7,
        forget_factor=None,
    ).fit(X)


def choose(X: NDArray[np.float64]) -> GaussianMixtureIC:
    """Search with a value for every parameter, and read every fitted attribute."""
    search = GaussianMixtureIC(
        1,
        3,
        covariance_type=["full", "diag"],
        criterion="icl",
        n_init=2,
        init_params="kmeans",
        tol=1e-6,
        reg_covar=1e-6,
        max_iter=200,
        random_state=0,
        n_threads=1,
        verbose=0,
    )
    assert_type(search.fit_predict(X, sample_weight=np.ones(len(X))), NDArray[np.int64])
    assert_type(search.fit(X), GaussianMixtureIC)
    assert_type(search.best_estimator_, GaussianMixture)
    assert_type(search.n_components_, int)
    assert_type(search.covariance_type_, str)
    assert_type(search.criterion_, float)
    assert_type(search.labels_, NDArray[np.int64])
    assert_type(search.results_, dict[str, NDArray[Any]])
    assert_type(search.predict_proba(X), NDArray[np.floating])
    assert_type(search.icl(X), float)
    return search


def fit_each_column(X: NDArray[np.float64]) -> list[BayesianGaussianMixture]:
    """Fit one mixture for each column."""
    try:
        return fit_columns(X, BayesianGaussianMixture(random_state=0), n_threads=1, progress=False)
    except ColumnFitError as error:
        raise SystemExit(str(error)) from error


def ask_how_sure(model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Test the number of components, compute standard errors, and merge components."""
    tested = bootstrap_lrt(
        X,
        covariance_type="tied",
        max_components=2,
        n_bootstrap=3,
        level=0.05,
        n_init=1,
        reg_covar=1e-6,
        random_state=0,
        n_threads=1,
    )
    assert_type(tested.n_components, int)
    assert_type(tested.p_value, NDArray[np.float64])
    assert_type(tested.model, GaussianMixture)
    result = bootstrap(model, X, "weighted", n_bootstrap=3, level=0.9, random_state=0, n_threads=1)
    assert_type(result.means.standard_error, NDArray[np.float64])
    merged = merge_components(model, X, sample_weight=1.0)
    assert_type(merged.components(1), list[list[int]])
    assert_type(merged.labels(), NDArray[np.int64])
    assert_type(merged.predict(X, n_clusters=1), NDArray[np.int64])
    assert_type(merged.predict_proba(X), NDArray[np.floating])


def summarize(model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Read every attribute of a summary."""
    result = summary(model, X, sample_weight=1.0)
    assert_type(result, MixtureSummary)
    assert_type(result.class_name, str)
    assert_type(result.covariance_type, str)
    assert_type(result.mclust_name, str | None)
    assert_type(result.feature_names, tuple[str, ...])
    assert_type(result.n_components, int)
    assert_type(result.n_samples, float)
    assert_type(result.n_parameters, int | None)
    assert_type(result.log_likelihood, float)
    assert_type(result.complete_log_likelihood, float)
    assert_type(result.bic, float)
    assert_type(result.aic, float)
    assert_type(result.icl, float)
    assert_type(result.sizes, NDArray[Any])
    assert_type(result.weights, NDArray[np.float64])
    assert_type(result.means, NDArray[np.float64])
    assert_type(result.covariances, NDArray[np.float64])
    assert_type(result.compact_covariances, NDArray[np.float64])
    print(result)


def draw_results(search: GaussianMixtureIC, model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Draw a search, merged components, tests and iterations."""
    from matplotlib.figure import Figure

    from gmmx.plotting import (
        BootstrapDisplay,
        BootstrapLRTDisplay,
        ConvergenceDisplay,
        CriterionDisplay,
        EntropyDisplay,
        MergeTreeDisplay,
    )

    axes = Figure(figsize=(9, 9)).subplots(3, 3).ravel()
    criterion = CriterionDisplay.from_estimator(search, criterion="bic", ax=axes[0])
    assert_type(criterion, CriterionDisplay)
    assert_type(criterion.best, tuple[int, str])
    stored = CriterionDisplay(search.results_, criterion="aic", best=criterion.best)
    assert_type(stored.plot(axes[1]), CriterionDisplay)
    entropy = EntropyDisplay.from_estimator(model, X, sample_weight=1.0, ax=axes[2])
    assert_type(entropy, EntropyDisplay)
    tree = MergeTreeDisplay.from_estimator(model, X, sample_weight=1.0, ax=axes[3])
    assert_type(tree, MergeTreeDisplay)
    errors = BootstrapDisplay.from_estimator(
        model, X, parameter="means", feature_names=["a", "b"], ax=axes[4], n_bootstrap=3
    )
    assert_type(errors, BootstrapDisplay)
    again = BootstrapDisplay(errors.result, feature_names=["a", "b"])
    assert_type(again.plot(axes[5], parameter="covariances"), BootstrapDisplay)
    tests = BootstrapLRTDisplay.from_estimator(
        model, X, ax=axes[6], covariance_type="tied", max_components=2, n_bootstrap=3
    )
    assert_type(tests, BootstrapLRTDisplay)
    fits = ConvergenceDisplay.from_estimator({"diag": model}, difference=True, ax=axes[7])
    assert_type(fits, ConvergenceDisplay)
    bounds = ConvergenceDisplay({"a": [-2.0, -1.0]}, {"a": True}, bound_name="bound")
    assert_type(bounds.plot(axes[8], difference=False), ConvergenceDisplay)


def keep(model: GaussianMixture) -> None:
    """Write the model to a file, read it, and convert it to scikit-learn's and back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.gmmx")
        model.save(path)
        loaded: GaussianMixture = load(path)
        path.write_bytes(path.read_bytes()[:-1])
        try:
            load(str(path))
        except ModelFileError as error:
            print(error)
        with path.open("wb") as file:
            model.save(file)
        with path.open("rb") as file:
            loaded = load(file)
    assert_type(loaded, GaussianMixture)
    assert_type(model.to_bytes(), bytes)
    loaded = load(model.to_bytes())
    register_with_sklearn()
    assert_type(GaussianMixture.from_sklearn(model.to_sklearn()), GaussianMixture)


def distribute(X: NDArray[np.float64]) -> None:
    """Fit to the partitions of a Dask array, and use the local model."""
    from gmmx.dask import DaskBayesianGaussianMixture, DaskGaussianMixture

    partitions = import_module("dask.array").from_array(X, chunks=(200, 2))
    model = DaskGaussianMixture(2, random_state=0, client=None)
    assert_type(model.fit(partitions, sample_weight=1.0), DaskGaussianMixture)
    assert_type(model.to_local(), GaussianMixture)
    assert_type(model.score(partitions), float)
    for labels in (model.predict(partitions), model.score_samples(partitions)):
        assert labels.compute().shape == (len(X),)
    assert model.predict_proba(partitions).compute().shape == (len(X), 2)
    bayesian = DaskBayesianGaussianMixture(n_components=2, random_state=0, max_iter=500)
    assert_type(bayesian.fit(partitions).to_local(), BayesianGaussianMixture)
    assert_type(bayesian.n_active_components_, int)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.gmmx")


class Unscaled:
    """A scaler that changes nothing."""

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return X

    inverse_transform = transform


def picture(model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Draw a mixture in given axes, with a scaler, and from stored numbers."""
    from matplotlib.figure import Figure

    from gmmx.plotting import MixtureDisplay

    shown = MixtureDisplay.from_estimator(
        model,
        X,
        level=0.9,
        features=["width", 1],
        scaler=Unscaled(),
        feature_names=["width", "height"],
        ax=Figure().subplots(),
    )
    assert_type(shown, MixtureDisplay)
    stored = MixtureDisplay(
        weights=shown.weights,
        means=shown.means,
        covariances=shown.covariances,
        X=X,
        labels=model.predict(X),
        n_samples=len(X),
        components=[0],
        feature_names=shown.feature_names,
    )
    assert_type(stored.plot(Figure().subplots(), level=(0.5, 0.9), features=[0]), MixtureDisplay)
    assert stored.legend_ is not None
    print(shown.note_.get_text(), len(shown.ellipses_), len(stored.curves_))


def picture_densities(model: GaussianMixture, X: NDArray[np.float64]) -> None:
    """Draw the density and the uncertainty of a mixture, and both from stored numbers."""
    from matplotlib.figure import Figure

    from gmmx.plotting import DensityDisplay, UncertaintyDisplay

    names, axes = ["width", "height"], Figure(figsize=(9, 9)).subplots(2, 2).ravel()
    density = DensityDisplay.from_estimator(
        model, X, kind="hdr", levels=(0.5, 0.9), features=[0, "height"], feature_names=names,
        ax=axes[0],
    )  # fmt: skip
    assert_type(density, DensityDisplay)
    stored = DensityDisplay(
        weights=density.weights, means=density.means, covariances=density.covariances, X=X,
        n_samples=len(X), feature_names=names,
    )  # fmt: skip
    stored.plot(axes[1], kind="image", levels=[0.5], features=[0])
    assert density.legend_ is not None
    assert stored.colorbar_ is None
    print(density.log_thresholds_, density.probabilities_, density.surfaces_, stored.note_)
    uncertainty = UncertaintyDisplay.from_estimator(
        model, X, kind="map", features=["width", 1], feature_names=names, ax=axes[2]
    )
    assert_type(uncertainty, UncertaintyDisplay)
    again = UncertaintyDisplay(
        uncertainty=uncertainty.uncertainty, X=X, labels=model.predict(X), feature_names=names
    )
    again.plot(axes[3], kind="curve", features=None)
    assert again.curve_ is not None
    assert again.legend_ is None
    print(uncertainty.points_, again.quantiles_, again.note_)


def main() -> None:
    """Use the whole public API."""
    X = draw()
    model = fit(X)
    use(model, X)
    look(model)
    weigh(GaussianMixture(1), X)
    stream(X)
    ask_how_sure(model, X)
    summarize(model, X)
    keep(model)
    if find_spec("dask") is not None:
        distribute(X)
    if find_spec("matplotlib") is not None:
        picture(model, X)
        picture_densities(model, X)
    bayesian = fit_bayesian(X)
    assert_type(bayesian.elbo(X), float)
    assert_type(bayesian.prune(1e-3), GaussianMixture)
    search = choose(X)
    assert_type(search.predict(X), NDArray[np.int64])
    if find_spec("matplotlib") is not None:
        draw_results(search, model, X)
    assert_type(fit_each_column(X)[0].score(X[:, :1]), float)
    known = GaussianMixture.from_parameters([1.0], [[0.0, 0.0]], [[1.0, 1.0]], "diag")
    assert_type(known, GaussianMixture)
    copy: GaussianMixture = pickle.loads(pickle.dumps(known))
    assert_type(gmmx.build_config(), dict[str, object])
    assert_type(gmmx.__version__, str)
    try:
        GaussianMixture().predict(X)
    except NotFittedError as error:
        print(f"{copy.score(X):.3f} {model.score(X):.3f}, gmmx {gmmx.__version__}: {error}")


if __name__ == "__main__":
    main()
