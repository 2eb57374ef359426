"""Outlier detectors: scikit-lego, pyod, pythresh."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.compare.clients.data import clusters
from tools.compare.clients.scenario import Results, scenario


def with_outliers(n_samples: int = 5000) -> np.ndarray:
    """Return samples of clusters; every fiftieth sample is an outlier."""
    X, _ = clusters(n_samples, 4, 4)
    X[::50] *= 4
    return X


def found_outliers(detector: type, **parameters: Any) -> Results:
    """Return labels and scores of a detector of scikit-lego with both kinds of threshold."""
    X = with_outliers()
    results = {}
    for method, threshold in [("quantile", 0.95), ("stddev", 2)]:
        model = detector(method=method, threshold=threshold, random_state=0, **parameters).fit(X)
        results[f"{method} labels"] = model.predict(X)
        results[f"{method} scores"] = model.score_samples(X)
    return results


@scenario("scikit-lego", "GMMOutlierDetector")
def lego_detector() -> Results:
    """Find outliers by the density of a mixture."""
    from sklego.mixture import GMMOutlierDetector

    return found_outliers(GMMOutlierDetector, n_components=4)


@scenario("scikit-lego", "BayesianGMMOutlierDetector")
def lego_bayesian_detector() -> Results:
    """Find outliers by the density of a Bayesian mixture."""
    from sklego.mixture import BayesianGMMOutlierDetector

    return found_outliers(BayesianGMMOutlierDetector, n_components=6, max_iter=500)


@scenario("pyod", "GMM")
def pyod_detector() -> Results:
    """Find outliers by the density of a mixture."""
    from pyod.models.gmm import GMM

    X = with_outliers()
    detector = GMM(n_components=4, contamination=0.02, random_state=0).fit(X)
    return {
        "labels": detector.labels_,
        "scores": detector.decision_scores_,
        "new labels": detector.predict(X[::3] + 0.1),
        "new scores": detector.decision_function(X[::3] + 0.1),
        "means": detector.means_,
        "converged": detector.converged_,
        "n_iter": detector.n_iter_,
    }


def thresholded(scores: np.ndarray) -> Results:
    """Return the outliers found by GAMGMM in the scores of detectors."""
    from pythresh.thresholds.gamgmm import GAMGMM

    threshold = GAMGMM(K=20, n_contaminations=200, steps=5, random_state=1234)
    return {"labels": threshold.eval(scores), "threshold": threshold.thresh_}


@scenario("pythresh", "GAMGMM")
def pythresh_threshold() -> Results:
    """Find a threshold for the scores of two detectors."""
    X = with_outliers(400)
    distances = np.linalg.norm(X - X.mean(axis=0), axis=1)
    return thresholded(np.column_stack([distances, np.abs(X).max(axis=1)]))


@scenario("pythresh", "GAMGMM, one detector's scores")
def pythresh_one_detector() -> Results:
    """Find a threshold for the scores of one detector; GAMGMM adds a column of zeros to them."""
    X = with_outliers(400)
    return thresholded(np.linalg.norm(X - X.mean(axis=0), axis=1))
