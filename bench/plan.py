"""Plans of a run: thorough, or quick with fewer samples."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.cases.synthetic import CASES, COVARIANCE_TYPES, Case
from bench.rivals import GMMX, LIBRARIES, SKLEARN

ALL = tuple(library.key for library in LIBRARIES)
PAIR = (SKLEARN.key, GMMX.key)
SEVERAL_THREADS = frozenset({"scaling"})  # parts that need several threads
# Parts that hardly depend on the number of threads and are measured with one thread only.
ONE_THREAD = frozenset({"imports", "growth", "acceleration", "stream"})
MOST_FEATURES = max(case.n_features for case in CASES)


@dataclass(frozen=True)
class Round:
    """One kind of data in one precision, and the libraries measured on it.

    Attributes
    ----------
    data, dtype : str
        Kind and precision of the data.
    everywhere : tuple of str
        Libraries measured on all cases.
    rivals_up_to : int
        Largest number of features of a case for the other libraries.
    up_to : int
        Largest number of features of a case.
    covariance_types : tuple of str
        Covariance types to fit.
    turns : int
        Smallest number of measurements of scikit-learn and gmmx; 1 for other libraries.
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
    """The amount of work of a run.

    Attributes
    ----------
    name : str
        Name in the report.
    shrink : int
        Divisor of the numbers of samples.
    repeats : int
        Largest number of measurements of a value.
    patience : float
        Seconds; after so much time a value is not measured again.
    rivals_patience : float
        `patience` for libraries other than scikit-learn and gmmx.
    rounds : tuple of Round
        Data and libraries for the part 'iterations'.
    scratch : tuple of str
        Kinds of data for the part 'scratch'.
    scratch_shrink : int
        Divisor of the numbers of samples in the part 'scratch'.
    without : frozenset of str
        Parts that are measured only if the command line names them.
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
        """Return the parts that are measured only if the command line names them."""
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

# Rivals may be very slow with several threads, because of synchronization: fewer cases for them.
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
    without=frozenset({"bayesian", "service", "stream", "large_file"}),
)
