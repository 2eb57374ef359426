"""The results of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.cases.synthetic import Case
from bench.measures.iteration import Measurement


@dataclass
class Results:
    """The results of all parts; a part that was not measured is empty."""

    machine: dict[str, Any]
    plan: str
    n_threads: int
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    iterations: list[Measurement] = field(default_factory=list)
    kernels: list[dict[str, Any]] = field(default_factory=list)
    scaling: list[dict[str, Any]] = field(default_factory=list)
    precision: list[dict[str, Any]] = field(default_factory=list)
    weights: list[dict[str, Any]] = field(default_factory=list)
    scratch: list[dict[str, Any]] = field(default_factory=list)
    prediction: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    imports: dict[str, float] = field(default_factory=dict)
    growth: list[dict[str, Any]] = field(default_factory=list)
    acceleration: list[dict[str, Any]] = field(default_factory=list)
    bayesian: dict[str, Any] = field(default_factory=dict)
    service: list[dict[str, Any]] = field(default_factory=list)
    stream: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    large_file: dict[str, Any] = field(default_factory=dict)
    dask: list[dict[str, Any]] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[tuple[str, str, str, Case], dict[str, Measurement]]]:
        """Yield keys (data, precision, covariance type, case) and measurements by library."""
        rows: dict[tuple[str, str, str, Case], dict[str, Measurement]] = {}
        for found in self.iterations:
            key = (found.data, found.dtype, found.covariance_type, found.case)
            rows.setdefault(key, {})[found.library] = found
        yield from rows.items()

    def save(self, path: Path) -> None:
        """Write the results as JSON; replace the file in one step."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read results written by `save`."""
        found = json.loads(path.read_text(encoding="utf-8"), object_hook=_with_case)
        found["iterations"] = [Measurement(**row) for row in found["iterations"]]
        return cls(**found)


def _with_case(values: dict[str, Any]) -> dict[str, Any]:
    """Convert the value of the key 'case' to a `Case`."""
    return values | {"case": Case(**values["case"])} if "case" in values else values
