"""How much is measured: thoroughly, or quickly with fewer samples."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.cases.synthetic import CASES, COVARIANCE_TYPES, Case
from bench.rivals import GMMX, LIBRARIES, SKLEARN

ALL = tuple(library.key for library in LIBRARIES)
PAIR = (SKLEARN.key, GMMX.key)
SEVERAL_THREADS = frozenset({"scaling"})  # parts that compare them
ONE_THREAD = frozenset({"imports", "growth", "acceleration"})  # parts that hardly depend on them
MOST_FEATURES = max(case.n_features for case in CASES)


@dataclass(frozen=True)
class Round:
    """One kind of data in one precision, and who is measured on it.

    Attributes
    ----------
    data, dtype : str
        Kind and precision.
    everywhere : tuple of str
        Libraries that are measured on all cases.
    rivals_up_to : int
        Most features of a case on which the others are measured.
    up_to : int
        Most features of a case that is measured at all.
    covariance_types : tuple of str
        What is fitted.
    turns : int
        Fewest measurements of scikit-learn and gmmx, however long they take; rivals have one.
    """

    data: str
    dtype: str
    everywhere: tuple[str, ...] = PAIR
    rivals_up_to: int = 0
    up_to: int = MOST_FEATURES
    covariance_types: tuple[str, ...] = COVARIANCE_TYPES
    turns: int = 1

    def includes(self, library: str, case: Case) -> bool:
        """Return whether a library is measured on a case."""
        return library in self.everywhere or case.n_features <= self.rivals_up_to


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
        Seconds of measuring after which a thing is not measured again.
    rivals_patience : float
        The same for rivals.
    rounds : tuple of Round
        What iterations are measured on.
    scratch : tuple of str
        Data that are fitted from scratch.
    scratch_shrink : int
        Divisor of their numbers of samples.
    without : frozenset of str
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
    without: frozenset[str] = frozenset()

    def left_out(self, n_threads: int) -> frozenset[str]:
        """Parts that are left out unless they are asked for."""
        return self.without | (ONE_THREAD if n_threads > 1 else SEVERAL_THREADS)


THOROUGH = Plan(
    name="thorough",
    shrink=1,
    repeats=5,
    patience=1.0,
    rivals_patience=0.5,
    rounds=(
        Round("overlapping", "float64", ALL, turns=2),
        Round("separated", "float64", rivals_up_to=16, turns=2),
        Round("overlapping", "float32", (*PAIR, "gmmx_jax"), rivals_up_to=16),
        Round("separated", "float32"),
    ),
    scratch=("separated", "overlapping"),
    scratch_shrink=4,
)

# Synchronizing threads may slow rivals down a lot: fewer of their cases.
THOROUGH_ON_THREADS = replace(
    THOROUGH,
    rounds=(
        Round("overlapping", "float64", ALL, turns=2),
        Round("separated", "float64", turns=2),
        Round("overlapping", "float32", (*PAIR, "gmmx_jax")),
        Round("separated", "float32"),
    ),
)

QUICK = Plan(
    name="quick",
    shrink=10,
    repeats=2,
    patience=0.3,
    rivals_patience=0.1,
    rounds=(
        Round("overlapping", "float64", rivals_up_to=16),
        Round("separated", "float64", covariance_types=("full", "tied")),
        Round("overlapping", "float32", (*PAIR, "gmmx_jax"), 0, 16, ("full", "diag")),
    ),
    scratch=("separated",),
    scratch_shrink=20,
    without=frozenset({"bayesian", "service"}),
)
