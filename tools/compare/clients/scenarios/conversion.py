"""Models exported from Python or from this process: emlearn, skl2onnx, MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tools.compare.clients.data import clusters
from tools.compare.clients.scenario import Results, scenario


def fitted_models(mixture: Any, X: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Yield models of both classes and all covariance types, with their names."""
    for covariance_type in ("full", "tied", "diag", "spherical"):
        for kind in ("GaussianMixture", "BayesianGaussianMixture"):
            model = getattr(mixture, kind)(
                n_components=3, covariance_type=covariance_type, random_state=0
            )
            yield f"{kind} {covariance_type}", model.fit(X)


def compiled(mixture: Any) -> Results:
    """Return the predictions of models that emlearn has converted to compiled C code."""
    X, _ = clusters(1000, 3, 3)
    models = dict(fitted_models(mixture, X))
    import emlearn  # only after the fits: it makes NumPy raise at each underflow

    results: Results = {}
    for name, model in models.items():
        program = emlearn.convert(model, method="inline")
        results[f"{name} scores"] = program.score_samples(X[:15])
        results[f"{name} labels"] = program.predict(X[:15])
        results[f"{name} probabilities"] = program.predict_proba(X[:15])
    return results


@scenario("emlearn", "C code of models, compiled and run", repeats=0)
def emlearn_code() -> Results:
    """Convert models to C code, which computes in float32 and prints six digits."""
    from sklearn import mixture

    return compiled(mixture)


@scenario("emlearn", "C code of models, handed models", handed=True, repeats=0)
def emlearn_handed(mixture: Any) -> Results:
    """Convert models to C code; the package recognizes them by the name of their class."""
    return compiled(mixture)


def exported(mixture: Any) -> Results:
    """Return the predictions in onnxruntime of models exported by skl2onnx."""
    from onnxruntime import InferenceSession
    from skl2onnx import to_onnx

    X, _ = clusters(3000, 4, 3)
    results: Results = {}
    for name, model in fitted_models(mixture, X):
        onnx_model = to_onnx(model, X[:1], options={id(model): {"score_samples": True}})
        session = InferenceSession(onnx_model.SerializeToString())
        labels, probabilities, scores = session.run(None, {"X": X})
        results[f"{name} labels"] = labels
        results[f"{name} probabilities"] = probabilities
        results[f"{name} scores"] = scores
    return results


@scenario("skl2onnx", "ONNX models, run by onnxruntime")
def skl2onnx_models() -> Results:
    """Export models in float64."""
    from sklearn import mixture

    return exported(mixture)


@scenario(
    "skl2onnx",
    "ONNX models, handed models",
    handed=True,
    differs="it looks the class up by identity; export `model.to_sklearn()`",
)
def skl2onnx_handed(mixture: Any) -> Results:
    """Export models; the package looks up their class in a table."""
    return exported(mixture)


def saved_and_loaded(mixture: Any, **how: Any) -> Results:
    """Return the predictions of models saved and loaded by MLflow."""
    import mlflow

    X, _ = clusters(1000, 3, 3)
    results: Results = {}
    for name, model in fitted_models(mixture, X):
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "model")
            mlflow.sklearn.save_model(model, path, pip_requirements=["mlflow"], **how)
            loaded = mlflow.sklearn.load_model(path)
            pyfunc = mlflow.pyfunc.load_model(path)
        results[f"{name} labels"] = loaded.predict(X)
        results[f"{name} scores"] = loaded.score_samples(X)
        results[f"{name} pyfunc"] = np.asarray(pyfunc.predict(X))
    return results


@scenario("mlflow-skinny", "save and load with cloudpickle", handed=True, repeats=0)
def mlflow_cloudpickle(mixture: Any) -> Results:
    """Save with cloudpickle."""
    return saved_and_loaded(mixture, serialization_format="cloudpickle")


@scenario(
    "mlflow-skinny",
    "save and load with skops",
    handed=True,
    repeats=0,
    differs="skops trusts no class but those it knows: name them in `skops_trusted_types`",
)
def mlflow_skops(mixture: Any) -> Results:
    """Save with skops, which trusts only scikit-learn's classes."""
    return saved_and_loaded(mixture, serialization_format="skops")


@scenario("mlflow-skinny", "save and load with skops, types trusted", handed=True, repeats=0)
def mlflow_skops_trusted(mixture: Any) -> Results:
    """Save with skops, with gmmx's classes added to the trusted types."""
    trusted = [
        "gmmx.estimators.gaussian_mixture.GaussianMixture",
        "gmmx.estimators.bayesian_gaussian_mixture.BayesianGaussianMixture",
    ]
    return saved_and_loaded(mixture, serialization_format="skops", skops_trusted_types=trusted)
