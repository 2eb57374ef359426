"""Covariance structures: models of the components' covariance matrices.

A structure computes covariances from sufficient statistics, and the factors for the kernels. To
add a structure, write a file like `tied_diag.py` and add its class to `STRUCTURES`, or to
`CONJUGATE_STRUCTURES` if it is conjugate.

A structure that scikit-learn has, or that extends one of scikit-learn's, has a name like theirs;
the others have the names of R's mclust. mclust's names of the former are also accepted.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

from gmmx.model.covariance.base import CovarianceStructure
from gmmx.model.covariance.cholesky import DegenerateCovarianceError
from gmmx.model.covariance.conjugate import ConjugateStructure
from gmmx.model.covariance.diag import Diag
from gmmx.model.covariance.full import Full
from gmmx.model.covariance.spherical import Spherical
from gmmx.model.covariance.tied import Tied
from gmmx.model.covariance.tied_diag import TiedDiag
from gmmx.model.covariance.tied_spherical import TiedSpherical


class Structures(MutableMapping[str, type[CovarianceStructure]]):
    """Covariance structures by their names.

    Parameters
    ----------
    structures : mapping
        Classes; or the module of a class, which is imported when the structure is first used. The
        name of the class is then the name of the structure.
    """

    def __init__(self, structures: Mapping[str, type[CovarianceStructure] | str]) -> None:
        self._structures = dict(structures)

    def __getitem__(self, name: str) -> type[CovarianceStructure]:
        """Return a structure."""
        structure = self._structures[name]
        if isinstance(structure, str):
            found: type[CovarianceStructure] = getattr(import_module(structure, __name__), name)
            structure = self._structures[name] = found
        return structure

    def __setitem__(self, name: str, structure: type[CovarianceStructure]) -> None:
        """Add a structure."""
        self._structures[name] = structure

    def __delitem__(self, name: str) -> None:
        """Remove a structure."""
        del self._structures[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._structures)

    def __len__(self) -> int:
        """Return the number of structures."""
        return len(self._structures)


CONJUGATE_STRUCTURES: dict[str, type[ConjugateStructure]] = {
    structure.name: structure
    for structure in (Full, Tied, Diag, Spherical, TiedDiag, TiedSpherical)
}

STRUCTURES = Structures(
    {
        **CONJUGATE_STRUCTURES,
        "VEI": ".vei", "EVI": ".evi",
        "VEE": ".eigen.vee", "EVE": ".eigen.eve", "VVE": ".eigen.vve",
        "EEV": ".eigen.eev", "VEV": ".eigen.vev", "EVV": ".eigen.evv",
    }
)  # fmt: skip

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

CONJUGATE_STRUCTURES_BY_NAME: dict[str, type[ConjugateStructure]] = {
    **CONJUGATE_STRUCTURES,
    **{alias: CONJUGATE_STRUCTURES[name] for alias, name in MCLUST_NAMES.items()},
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
