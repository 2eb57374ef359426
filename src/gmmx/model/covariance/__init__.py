"""Covariance structures: models of the components' covariance matrices.

A structure computes covariances from sufficient statistics, and the factors for the kernels. To
add a structure, write a file like `tied_diag.py` and add its class to `STRUCTURES`.

A structure that scikit-learn has, or that extends one of scikit-learn's, has a name like theirs;
the others have the names of R's mclust. mclust's names of the former are also accepted.
"""

from collections import ChainMap
from collections.abc import Mapping

from gmmx.model.covariance.base import CovarianceStructure
from gmmx.model.covariance.cholesky import DegenerateCovarianceError
from gmmx.model.covariance.conjugate import ConjugateStructure
from gmmx.model.covariance.diag import Diag
from gmmx.model.covariance.eigen.eev import EEV
from gmmx.model.covariance.eigen.eve import EVE
from gmmx.model.covariance.eigen.evv import EVV
from gmmx.model.covariance.eigen.vee import VEE
from gmmx.model.covariance.eigen.vev import VEV
from gmmx.model.covariance.eigen.vve import VVE
from gmmx.model.covariance.evi import EVI
from gmmx.model.covariance.full import Full
from gmmx.model.covariance.spherical import Spherical
from gmmx.model.covariance.tied import Tied
from gmmx.model.covariance.tied_diag import TiedDiag
from gmmx.model.covariance.tied_spherical import TiedSpherical
from gmmx.model.covariance.vei import VEI

STRUCTURES: dict[str, type[CovarianceStructure]] = {
    structure.name: structure
    for structure in (
        Full, Tied, Diag, Spherical, TiedDiag, TiedSpherical,
        VEI, EVI, VEE, EVE, VVE, EEV, VEV, EVV,
    )
}  # fmt: skip

# mclust's names for samples of one feature, whatever the shape of the covariances.
ONE_FEATURE_NAMES = {"E": "tied-spherical", "V": "spherical"}

MCLUST_NAMES = {
    "EII": "tied-spherical",
    "VII": "spherical",
    "EEI": "tied-diag",
    "VVI": "diag",
    "EEE": "tied",
    "VVV": "full",
    **ONE_FEATURE_NAMES,
}

# The texts of mclust's `mclustModelNames`; X, XII, XXI and XXX are models of one component.
MCLUST_DESCRIPTIONS = {
    "E": "univariate, equal variance",
    "V": "univariate, unequal variance",
    "X": "univariate normal",
    "EII": "spherical, equal volume",
    "VII": "spherical, varying volume",
    "EEI": "diagonal, equal volume and shape",
    "VEI": "diagonal, equal shape",
    "EVI": "diagonal, equal volume, varying shape",
    "VVI": "diagonal, varying volume and shape",
    "EEE": "ellipsoidal, equal volume, shape and orientation",
    "VEE": "ellipsoidal, equal shape and orientation",
    "EVE": "ellipsoidal, equal volume and orientation",
    "VVE": "ellipsoidal, equal orientation",
    "EEV": "ellipsoidal, equal volume and shape",
    "VEV": "ellipsoidal, equal shape",
    "EVV": "ellipsoidal, equal volume",
    "VVV": "ellipsoidal, varying volume, shape, and orientation",
    "XII": "spherical multivariate normal",
    "XXI": "diagonal multivariate normal",
    "XXX": "ellipsoidal multivariate normal",
}

# The structures by all names that `covariance_type` accepts, those of `STRUCTURES` first.
STRUCTURES_BY_NAME: Mapping[str, type[CovarianceStructure]] = ChainMap(
    {alias: STRUCTURES[name] for alias, name in MCLUST_NAMES.items()}, STRUCTURES
)

CONJUGATE_STRUCTURES: dict[str, type[ConjugateStructure]] = {
    name: structure
    for name, structure in STRUCTURES.items()
    if issubclass(structure, ConjugateStructure)
}

CONJUGATE_STRUCTURES_BY_NAME: dict[str, type[ConjugateStructure]] = {
    name: structure
    for name, structure in STRUCTURES_BY_NAME.items()
    if issubclass(structure, ConjugateStructure)
}

__all__ = [
    "CONJUGATE_STRUCTURES",
    "CONJUGATE_STRUCTURES_BY_NAME",
    "MCLUST_DESCRIPTIONS",
    "MCLUST_NAMES",
    "ONE_FEATURE_NAMES",
    "STRUCTURES",
    "STRUCTURES_BY_NAME",
    "ConjugateStructure",
    "CovarianceStructure",
    "DegenerateCovarianceError",
]
