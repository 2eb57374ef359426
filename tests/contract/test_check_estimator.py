"""scikit-learn's own checks of an estimator, for every covariance structure."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gmmx import BayesianGaussianMixture, GaussianMixture, GaussianMixtureIC
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES


@parametrize_with_checks(
    [
        *(GaussianMixture(covariance_type=name) for name in STRUCTURES),
        *(BayesianGaussianMixture(covariance_type=name) for name in CONJUGATE_STRUCTURES),
        BayesianGaussianMixture(weight_concentration_prior_type="dirichlet_distribution"),
        GaussianMixtureIC(max_components=2),
    ]
)
@pytest.mark.filterwarnings("ignore")
def test_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)
