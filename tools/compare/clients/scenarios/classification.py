"""Classifiers that use mixtures: scikit-lego, scikit-activeml."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.compare.clients.data import clusters
from tools.compare.clients.scenario import Results, scenario

STRUCTURES = ("full", "tied", "diag", "spherical")


def classes_of_structures(classifier: type, **parameters: Any) -> Results:
    """Return predictions of a classifier of scikit-lego for each covariance type."""
    X, y = clusters(3000, 4, 6)
    results = {}
    for covariance_type in STRUCTURES:
        model = classifier(covariance_type=covariance_type, random_state=0, **parameters)
        model.fit(X, y % 3)
        results[f"{covariance_type} labels"] = model.predict(X)
        results[f"{covariance_type} probabilities"] = model.predict_proba(X)
    return results


@scenario("scikit-lego", "GMMClassifier")
def lego_classifier() -> Results:
    """Fit a mixture for each class."""
    from sklego.mixture import GMMClassifier

    return classes_of_structures(GMMClassifier, n_components=2)


@scenario("scikit-lego", "BayesianGMMClassifier")
def lego_bayesian_classifier() -> Results:
    """Fit a Bayesian mixture for each class."""
    from sklego.mixture import BayesianGMMClassifier

    return classes_of_structures(BayesianGMMClassifier, n_components=4, max_iter=500)


def partly_labeled(constant: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return samples and labels; nine of ten labels are NaN."""
    X, y = clusters(2000, 3, 3)
    labels = np.where(np.arange(len(y)) % 10 == 0, y, np.nan)
    return (np.ones_like(X) if constant else X), labels


def active_learning(X: np.ndarray, y: np.ndarray, model: Any) -> Results:
    """Return the predictions of a classifier of scikit-activeml in both modes."""
    from skactiveml.classifier import MixtureModelClassifier

    results = {}
    for mode in ("responsibilities", "similarities"):
        classifier = MixtureModelClassifier(
            mixture_model=model, weight_mode=mode, classes=[0, 1, 2], random_state=0
        ).fit(X, y)
        results[f"{mode} labels"] = classifier.predict(X)
        results[f"{mode} frequencies"] = classifier.predict_freq(X)
    return results


@scenario("scikit-activeml", "MixtureModelClassifier")
def activeml_classifier() -> Results:
    """Let the classifier create its own Bayesian mixture."""
    return active_learning(*partly_labeled(), model=None)


@scenario(
    "scikit-activeml",
    "MixtureModelClassifier, constant samples",
    differs="scikit-learn adds 10 eps to counts, not to sums: it moves the mean of a component "
    "that is nearly empty towards 0",
    within=1e-3,
)
def activeml_constant() -> Results:
    """Let the classifier create its own Bayesian mixture of constant samples."""
    return active_learning(*partly_labeled(constant=True), model=None)


@scenario("scikit-activeml", "MixtureModelClassifier, handed a model", handed=True)
def activeml_handed(mixture: Any) -> Results:
    """Pass a mixture to the classifier, which tests it with `isinstance`."""
    return active_learning(*partly_labeled(), mixture.GaussianMixture(3, random_state=0))
