"""scikit-learn's own checks of an estimator, for every covariance structure."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gmmx import GaussianMixture
from gmmx.covariance import STRUCTURES


@parametrize_with_checks([GaussianMixture(covariance_type=name) for name in STRUCTURES])
@pytest.mark.filterwarnings("ignore")
def test_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)
