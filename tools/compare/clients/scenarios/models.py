"""Packages that read the parameters of a mixture: cgmm, scikit-image, deeptime."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.compare.clients.data import clusters
from tools.compare.clients.scenario import Results, scenario


def conditioned(model: Any) -> Results:
    """Return the conditional mixtures of a model, given its first two features."""
    from cgmm import MixtureConditioner

    conditioner = MixtureConditioner(model, cond_idx=[0, 1]).precompute()
    results: Results = {}
    for x in (-1.0, 2.0):
        result = conditioner.condition(np.array([x, x / 2]))
        samples, labels = result.sample(100)
        results |= {
            f"{x} weights": result.weights_,
            f"{x} means": result.means_,
            f"{x} covariances": result.covariances_,
            f"{x} samples": samples,
            f"{x} labels": labels,
            f"{x} log density": result.score_samples(samples),
            f"{x} probabilities": result.predict_proba(samples),
            f"{x} mean": result.mean(),
        }
    return results


def of_structures(mixture: Any) -> Results:
    """Return the conditional mixtures of a model of each covariance type."""
    X, _ = clusters(3000, 4, 3)
    results: Results = {}
    for covariance_type in ("full", "tied", "diag", "spherical"):
        model = mixture.GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
        results |= {f"{covariance_type} {name}": x for name, x in conditioned(model).items()}
    return results


@scenario("cgmm", "MixtureConditioner")
def cgmm_conditioner() -> Results:
    """Condition a model; the result is a subclass of the mixture with attributes set by hand."""
    from sklearn import mixture

    np.random.seed(0)  # noqa: NPY002 - conditional mixtures sample with NumPy's global state
    return of_structures(mixture)


@scenario("cgmm", "MixtureConditioner, handed a model", handed=True)
def cgmm_handed(mixture: Any) -> Results:
    """Condition a model; the package tests it with `isinstance`."""
    np.random.seed(0)  # noqa: NPY002 - conditional mixtures sample with NumPy's global state
    return of_structures(mixture)


def descriptors() -> list[np.ndarray]:
    """Return the descriptors of ten images."""
    return np.split(clusters(4000, 16, 8)[0], 10)


def fisher_vectors(model: Any) -> Results:
    """Return the Fisher vectors of all images, plain and improved."""
    from skimage.feature import fisher_vector

    images = descriptors()
    return {
        "vectors": np.array([fisher_vector(image, model) for image in images]),
        "improved": np.array([fisher_vector(image, model, improved=True) for image in images]),
    }


@scenario("scikit-image", "learn_gmm and fisher_vector")
def skimage_fisher_vector() -> Results:
    """Let the package learn the mixture."""
    from skimage.feature import learn_gmm

    return fisher_vectors(
        learn_gmm(descriptors(), n_modes=8, gm_args={"random_state": 0, "covariance_type": "diag"})
    )


@scenario("scikit-image", "fisher_vector, handed a model", handed=True)
def skimage_handed(mixture: Any) -> Results:
    """Pass a mixture to the package, which tests it with `isinstance`."""
    model = mixture.GaussianMixture(8, covariance_type="diag", random_state=0)
    return fisher_vectors(model.fit(np.vstack(descriptors())))


def hidden_markov_model(trajectory: np.ndarray) -> Results:
    """Return the starting values of a hidden Markov model, from a mixture, and its fit."""
    from deeptime.markov.hmm import MaximumLikelihoodHMM, init

    np.random.seed(0)  # noqa: NPY002 - deeptime gives its mixture no random state
    start = init.gaussian.from_data([trajectory], n_hidden_states=3, reversible=True)
    fitted = MaximumLikelihoodHMM(start, lagtime=1).fit_fetch(trajectory)
    return {
        "start means": start.output_model.means,
        "start sigmas": start.output_model.sigmas,
        "start transitions": start.transition_model.transition_matrix,
        "means": fitted.output_model.means,
        "sigmas": fitted.output_model.sigmas,
        "transitions": fitted.transition_model.transition_matrix,
        "likelihood": fitted.likelihood,
        "path": fitted.hidden_state_trajectories[0],
        "probabilities": fitted.state_probabilities[0],
    }


@scenario("deeptime", "Gaussian hidden Markov model, its start and its fit")
def deeptime_start() -> Results:
    """Fit a hidden Markov model to a trajectory that stays in its states for a while."""
    generator = np.random.default_rng(0)
    states = np.cumsum(generator.random(3000) < 0.02) % 3
    return hidden_markov_model(generator.normal(np.array([-2.0, 0.0, 3.0])[states], 0.7))


@scenario("deeptime", "hidden Markov model of samples of a mixture with attributes set by hand")
def deeptime_samples() -> Results:
    """Draw samples as in deeptime's tests, from a mixture that has not been fitted."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(3, covariance_type="diag", random_state=0)
    model.weights_ = np.array([0.3, 0.5, 0.2])
    model.means_ = np.array([[-2.0], [0.0], [3.0]])
    model.covariances_ = np.array([[0.5], [0.3], [0.4]])
    samples, labels = model.sample(2e3)
    return {"samples": samples, "labels": labels, **hidden_markov_model(samples[:, 0])}
