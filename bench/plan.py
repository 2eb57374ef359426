"""How much is measured: thoroughly, or quickly with fewer samples."""

from __future__ import annotations

from dataclasses import dataclass

from bench.cases import COVARIANCE_TYPES, Case
from bench.libraries import GMMX, LIBRARIES, SKLEARN

ALL = tuple(library.key for library in LIBRARIES)
PAIR = (SKLEARN.key, GMMX.key)


@dataclass(frozen=True)
class Round:
    """One kind of data in one precision, and who is measured on it."""

    data: str
    dtype: str
    libraries: tuple[str, ...] = ALL
    covariance_types: tuple[str, ...] = COVARIANCE_TYPES
    rivals_up_to: int | None = None  # features

    def includes(self, library: str, case: Case) -> bool:
        """Return whether a library is measured on a case."""
        is_small = self.rivals_up_to is None or case.n_features <= self.rivals_up_to
        return library in PAIR or (library in self.libraries and is_small)


@dataclass(frozen=True)
class Plan:
    """Amount of work.

    Attributes
    ----------
    name : str
        What it is called in the report.
    shrink : int
        Divisor of the numbers of samples.
    repeats : int
        Measurements of each thing, at most.
    patience : float
        Seconds of measuring after which a thing is not measured again; scikit-learn and gmmx are
        measured twice at least.
    rivals_patience : float
        The same for rivals, which are measured once at least.
    rounds : tuple of Round
        What iterations are measured on.
    scratch : tuple of str
        Data that are fitted from scratch.
    scratch_shrink : int
        Divisor of their numbers of samples.
    without : tuple of str
        Parts that are left out unless they are asked for.
    """

    name: str
    shrink: int
    repeats: int
    patience: float
    rivals_patience: float
    rounds: tuple[Round, ...]
    scratch: tuple[str, ...]
    scratch_shrink: int
    without: tuple[str, ...] = ()


THOROUGH = Plan(
    name="thorough",
    shrink=1,
    repeats=5,
    patience=2.0,
    rivals_patience=1.0,
    rounds=(
        Round("overlapping", "float64"),
        Round("separated", "float64", rivals_up_to=16),
        Round("overlapping", "float32", rivals_up_to=64),
        Round("separated", "float32", PAIR),
    ),
    scratch=("separated", "overlapping"),
    scratch_shrink=4,
)

QUICK = Plan(
    name="quick",
    shrink=10,
    repeats=3,
    patience=0.3,
    rivals_patience=0.3,
    rounds=(
        Round("overlapping", "float64", rivals_up_to=16),
        Round("separated", "float64", PAIR, ("full", "tied")),
        Round("overlapping", "float32", ("gmmx_jax",), ("full", "diag"), rivals_up_to=16),
    ),
    scratch=("separated",),
    scratch_shrink=20,
    without=("service",),
)
