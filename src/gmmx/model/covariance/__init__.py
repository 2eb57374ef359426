"""Covariance structures: models of the components' covariance matrices.

A structure computes covariances from sufficient statistics, and the factors for the kernels. To
add a structure, write a file like `tied_diag.py` and add its class to `STRUCTURES`.
"""

from gmmx.model.covariance.base import CovarianceStructure
from gmmx.model.covariance.cholesky import DegenerateCovarianceError
from gmmx.model.covariance.conjugate import ConjugateStructure
from gmmx.model.covariance.diag import Diag
from gmmx.model.covariance.full import Full
from gmmx.model.covariance.spherical import Spherical
from gmmx.model.covariance.tied import Tied
from gmmx.model.covariance.tied_diag import TiedDiag
from gmmx.model.covariance.tied_spherical import TiedSpherical

STRUCTURES: dict[str, type[CovarianceStructure]] = {
    structure.name: structure
    for structure in (Full, Tied, Diag, Spherical, TiedDiag, TiedSpherical)
}

CONJUGATE_STRUCTURES: dict[str, type[ConjugateStructure]] = {
    name: structure
    for name, structure in STRUCTURES.items()
    if issubclass(structure, ConjugateStructure)
}

__all__ = [
    "CONJUGATE_STRUCTURES",
    "STRUCTURES",
    "ConjugateStructure",
    "CovarianceStructure",
    "DegenerateCovarianceError",
]
