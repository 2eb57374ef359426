"""All scenarios. A scenario imports its package when it runs, after the classes are replaced."""

from tools.compare.clients.scenario import SCENARIOS
from tools.compare.clients.scenarios import (
    classification,
    conversion,
    models,
    outliers,
    own_tests,
    subclasses,
    tables,
)

__all__ = [
    "SCENARIOS",
    "classification",
    "conversion",
    "models",
    "outliers",
    "own_tests",
    "subclasses",
    "tables",
]
