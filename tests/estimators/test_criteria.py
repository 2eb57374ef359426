"""Information criteria of fitted mixtures: values of R's mclust, and weights as repetitions."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from gmmx import GaussianMixture

# ICL of mclust 6.0.0 under R 4.2.2, with scikit-learn's sign: `me` from the partition until the
# log-likelihood stays the same to 1e-15, then -(bic + 2 sum_i log max_k z_ik).
MCLUST = {
    ("faithful", "hc_G2", "EII"): 3455.798571574,
    ("faithful", "hc_G2", "EEI"): 2356.274609352,
    ("faithful", "hc_G2", "VII"): 3460.876746278,
    ("faithful", "hc_G2", "VVI"): 2346.160838667,
    ("faithful", "hc_G2", "EEE"): 2326.709390172,
    ("faithful", "hc_G2", "VVV"): 2322.704681761,
    ("faithful", "hc_G3", "EII"): 3422.823139732,
    ("faithful", "hc_G3", "VVI"): 2381.948047290,
    ("faithful", "hc_G3", "EEE"): 2358.389456247,
    ("faithful", "hc_G3", "VVV"): 2378.589609327,
    ("iris", "hc_G2", "EII"): 1125.560170918,
    ("iris", "hc_G2", "VVI"): 857.551519756,
    ("iris", "hc_G2", "VVV"): 574.019098673,
    ("iris", "hc_G3", "EII"): 884.139231532,
    ("iris", "hc_G3", "EEI"): 820.726423035,
    ("iris", "hc_G3", "VII"): 860.900727969,
    ("iris", "hc_G3", "VVI"): 751.477029012,
    ("iris", "hc_G3", "EEE"): 637.794456245,
    ("iris", "hc_G3", "VVV"): 584.045458427,
}
FIXPOINTS = {
    (case.dataset, case.start, case.covariance_type): case
    for case in reference.fixpoints(tuple(reference.COVARIANCE_TYPE_OF_MODEL.values()))
}


def fixpoint(dataset: str, start: str, model: str) -> tuple[GaussianMixture, np.ndarray]:
    """Return mclust's mixture and its samples."""
    case = FIXPOINTS[dataset, start, reference.COVARIANCE_TYPE_OF_MODEL[model]]
    found = case.parameters
    mixture = GaussianMixture.from_parameters(
        found.weights, found.means, found.covariances, case.covariance_type
    )
    return mixture, case.X


@pytest.mark.parametrize("case", MCLUST, ids="-".join)
def test_icl_is_that_of_mclust(case):
    mixture, X = fixpoint(*case)
    assert mixture.icl(X) == pytest.approx(MCLUST[case], rel=1e-7)


def test_icl_is_bic_plus_the_uncertainty_of_the_labels():
    mixture, X = fixpoint("faithful", "hc_G3", "VVV")
    certainty = mixture.predict_log_proba(X).max(axis=1).sum()
    assert certainty < 0
    assert mixture.icl(X) == pytest.approx(mixture.bic(X) - 2 * certainty)


def test_icl_counts_a_weight_as_repetitions():
    mixture, X = fixpoint("iris", "hc_G3", "VVV")
    weights = np.arange(len(X)) % 4
    repeated = mixture.icl(np.repeat(X, weights, axis=0))
    assert mixture.icl(X, sample_weight=weights) == pytest.approx(repeated)


def test_icl_of_one_component_is_its_bic():
    X = reference.iris()
    mixture = GaussianMixture().fit(X)
    assert mixture.icl(X) == mixture.bic(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_icl_of_blocks_is_that_of_the_array(dtype):
    mixture, X = fixpoint("iris", "hc_G3", "VVV")
    X, weights = X.astype(dtype), 1.0 + np.arange(len(X)) % 4
    blocks = [X[:40], X[40:41], X[41:]]
    assert mixture.icl(blocks) == pytest.approx(mixture.icl(X), rel=1e-6)
    weighted = [(X[:70], weights[:70]), (X[70:], weights[70:])]
    expected = mixture.icl(X, sample_weight=weights)
    assert mixture.icl(block for block in weighted) == pytest.approx(expected, rel=1e-6)
