"""How often the search finds the right model of simulated mixtures, next to R's mclust.

Run as ``python -m bench.measures.mclust.simulated [n_mixtures]``, in an environment with gmmx.
mclust is compared if R and its package mclust are installed (Debian: ``r-cran-mclust``).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.measures.mclust import rscript
from bench.measures.mclust.mixtures import SEPARATIONS, Mixture, simulated
from bench.measures.mclust.rscript import Choice

N_MIXTURES = 200
TOLERANCE = 0.5  # of the BIC
# mclust's names of the covariance types that have another name in gmmx.
MCLUST_NAMES = {
    "tied-spherical": "EII", "spherical": "VII", "tied-diag": "EEI", "diag": "VVI", "tied": "EEE",
    "full": "VVV",
}  # fmt: skip

ORIENTATIONS = {"I": "axes of the features", "E": "equal axes", "V": "own axes"}


def choice_of_gmmx(X: np.ndarray) -> Choice:
    """Return the choice of `gmmx.GaussianMixtureIC` with its defaults and a fixed seed."""
    from gmmx import GaussianMixtureIC  # noqa: PLC0415 - in an environment with gmmx

    start = time.perf_counter()
    found = GaussianMixtureIC(random_state=0).fit(X)
    seconds = time.perf_counter() - start
    name = MCLUST_NAMES.get(found.covariance_type_, found.covariance_type_)
    return Choice(name, found.n_components_, found.best_estimator_.bic(X), seconds)


def same_structure(one: str, other: str, n_components: int, n_features: int) -> bool:
    """Return whether two of mclust's names mean the same covariances of a mixture of that size."""
    names = _distinct(one, n_components, n_features), _distinct(other, n_components, n_features)
    return names[0] == names[1]


def _distinct(name: str, n_components: int, n_features: int) -> str:
    """Return one name for all structures that are equal in this size."""
    if n_components == 1:  # mclust's names are X, XII, XXI, XXX
        return "" if n_features == 1 else "".join("I" if axis == "I" else "X" for axis in name[1:])
    return name[0] if n_features == 1 else name


def rows(mixtures: Sequence[Mixture]) -> Iterator[tuple[str, list[int]]]:
    """Yield the rows of the table: a name, and the numbers of the mixtures."""
    numbers = range(len(mixtures))
    yield "all", list(numbers)
    for overlap in SEPARATIONS:
        yield f"overlap {overlap}", [i for i in numbers if mixtures[i].overlap == overlap]
    for orientation, name in ORIENTATIONS.items():
        yield name, [i for i in numbers if mixtures[i].structure[2] == orientation]
    for low, high in ((1, 2), (3, 5), (6, 10)):
        yield f"D = {low} to {high}", [i for i in numbers if low <= mixtures[i].n_features <= high]
    for low, high in ((1, 2), (3, 5), (6, 8)):
        chosen = [i for i in numbers if low <= mixtures[i].n_components <= high]
        yield f"K = {low} to {high}", chosen
    for low, high in ((100, 300), (301, 800), (801, 2000)):
        yield f"n = {low} to {high}", [i for i in numbers if low <= len(mixtures[i].X) <= high]


def measure(n_mixtures: int = N_MIXTURES) -> None:
    """Print the shares of right choices, the times, and a comparison of the BIC."""
    mixtures = [simulated(number) for number in range(n_mixtures)]
    found = {"gmmx": _of_gmmx(mixtures)}
    if rscript.is_installed():
        found["mclust"] = _of_mclust(mixtures)
    _print_shares(mixtures, found)
    for library, choices in found.items():
        seconds = [choice.seconds for choice in choices]
        print(f"{library}: {sum(seconds):.1f} s, median {np.median(seconds):.2f} s")
    if "mclust" in found:
        pairs = zip(*found.values(), strict=True)
        gains = np.array([theirs.bic - ours.bic for ours, theirs in pairs])
        smaller, larger = (gains > TOLERANCE).sum(), (gains < -TOLERANCE).sum()
        print(f"BIC of gmmx smaller than mclust's in {smaller}, larger in {larger} mixtures")


def _print_shares(mixtures: Sequence[Mixture], found: dict[str, list[Choice]]) -> None:
    """Print a table of the shares of right choices with their standard errors."""
    parts = ("K", "structure", "both")
    columns = [f"right {part}, {library}" for part in parts for library in found]
    print("| mixtures | number | " + " | ".join(columns) + " |")
    print("| --- | ---: |" + len(columns) * " ---: |")
    right = {
        library: np.array(list(map(_is_right, mixtures, choices)))
        for library, choices in found.items()
    }
    for name, chosen in rows(mixtures):
        shares = {library: table[chosen].mean(axis=0) for library, table in right.items()}
        cells = [
            _with_error(shares[library][part], len(chosen))
            for part in range(len(parts))
            for library in found
        ]
        print(f"| {name} | {len(chosen)} | " + " | ".join(cells) + " |")


def _with_error(share: float, number: int) -> str:
    """Return a share of a number of mixtures with its standard error, such as 0.78 ± 0.03."""
    return f"{share:.2f} ± {np.sqrt(share * (1 - share) / number):.2f}"


def _is_right(mixture: Mixture, choice: Choice) -> tuple[bool, bool, bool]:
    """Return whether the number of components, the structure, and both are right."""
    right_number = choice.n_components == mixture.n_components
    # Structures that are equal for the true number of components count as the same.
    right_structure = same_structure(
        choice.model, mixture.structure, mixture.n_components, mixture.n_features
    )
    return right_number, right_structure, right_number and right_structure


def _of_gmmx(mixtures: Sequence[Mixture]) -> list[Choice]:
    """Return the choices of gmmx."""
    return [choice_of_gmmx(mixture.X) for mixture in mixtures]


def _of_mclust(mixtures: Sequence[Mixture]) -> list[Choice]:
    """Return the choices of mclust."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.csv") for number, _ in enumerate(mixtures)]
        for file, mixture in zip(files, mixtures, strict=True):
            np.savetxt(file, mixture.X, delimiter=",", fmt="%.17g")
        found = rscript.choices(files)
        return [found[file.name] for file in files]


if __name__ == "__main__":
    measure(*map(int, sys.argv[1:]))
