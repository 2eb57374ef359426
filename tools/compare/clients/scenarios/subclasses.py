"""Packages that derive from a mixture: autogmm."""

from __future__ import annotations

from tools.compare.clients.data import clusters
from tools.compare.clients.scenario import Results, scenario


@scenario("autogmm", "AutoGMM", group="clients-older", repeats=1)
def autogmm_search() -> Results:
    """Search over components, covariance types and starts with a subclass that takes `**kwargs`."""
    from autogmm import AutoGMM

    X, _ = clusters(300, 3, 4)
    search = AutoGMM(max_components=6, n_init_kmeans=3, random_state=0)
    labels = search.fit_predict(X)
    return {
        "labels": labels,
        "criterion": search.best_score_,
        "n_components": search.n_components_,
        "covariance_type": search.covariance_type_,
        "means": search.best_model_.means_,
        "covariances": search.best_model_.covariances_,
    }
