"""Files that keep the progress of a fit."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from gmmx.contract.estimator import Estimator
from gmmx.em.checkpoint import Progress
from gmmx.em.loop import EMResult
from gmmx.exchange.format import ModelFile, read_model_file, write_model_file
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.source import SampleSource

# Parameters that do not change the result of a fit.
_LEFT_OUT = ("callback", "n_threads", "verbose", "verbose_interval", "warm_start")


class LocalSource(SampleSource, Protocol):
    """A source whose passes in this process can begin anew."""

    def restart(self) -> None:
        """Forget the passes made so far."""


class CheckpointFile:
    """The progress of a fit in a file, which is replaced in one step.

    Parameters
    ----------
    path : path-like
        The file.
    model : Estimator
        The mixture that is fitted.
    samples : LocalSource
        The samples of the fit.
    random_state : numpy.random.RandomState
        The generator of the starting values.
    last_fit : object
        Values that identify the fit that a warm start continues; None without a warm start.
    values_of : callable
        Takes a result and returns fitted attributes, with arrays in float64.
    parameters_of : callable
        Takes fitted attributes and returns the parameters.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: Estimator,
        samples: LocalSource,
        random_state: np.random.RandomState,
        *,
        last_fit: object,
        values_of: Callable[[EMResult], Mapping[str, Any]],
        parameters_of: Callable[[Mapping[str, Any]], MixtureParameters],
    ) -> None:
        self.path = path
        self.model = model
        self.samples = samples
        self.random_state = random_state
        self.values_of = values_of
        self.parameters_of = parameters_of
        self.description = self._description(last_fit)

    def load(self) -> Progress | None:
        """Return the progress in the file, None if there is no file."""
        if not os.path.exists(self.path):
            return None
        file = read_model_file(self.path)
        saved = file.fitted
        if file.class_name != self._class_name or saved.get("fit") != self.description:
            raise ValueError(
                f"{os.fspath(self.path)!r} is no checkpoint of this fit: it was written with other "
                "parameters or samples. Pass another path, or remove the file."
            )
        self.random_state.set_state(saved["random_state"].get_state())
        best = self._result_of(saved, "best.") if saved["has_best"] else None
        return Progress(saved["init"], self._result_of(saved, "current."), best, saved["memory"])

    def save(self, progress: Progress) -> None:
        """Replace the file, and make the next passes those of a fit that goes on from it."""
        values = {
            "fit": self.description,
            "init": progress.init,
            "random_state": self.random_state,
            "memory": list(progress.memory),
            "has_best": progress.best is not None,
            **self._values_of(progress.current, "current."),
        }
        if progress.best is not None:
            values |= self._values_of(progress.best, "best.")
        write_model_file(self.path, ModelFile(self._class_name, {}, values))
        self.samples.restart()

    @property
    def _class_name(self) -> str:
        """Class of the mixture, under a name that `gmmx.load` refuses."""
        return f"checkpoint of {type(self.model).__name__}"

    def _description(self, last_fit: object) -> list[Any]:
        """Return values that tell one fit from another: parameters and samples.

        Of many samples in blocks the samples for starting values stand for all.
        """
        samples, start = self.samples, self.samples.in_memory()
        parameters = {
            name: _described(value)
            for name, value in self.model.get_params().items()
            if name not in _LEFT_OUT
        }
        checksums = [zlib.crc32(start.X.data)]
        if start.weight is not None:
            checksums.append(zlib.crc32(start.weight.data))
        return [
            repr(parameters), samples.n_samples, samples.n_features, str(samples.dtype),
            repr(samples.total_weight), checksums, repr(last_fit),
        ]  # fmt: skip

    def _values_of(self, result: EMResult, prefix: str) -> dict[str, Any]:
        """Return a result as values for a file, the parameters in the form of fitted attributes."""
        values = {
            **self.values_of(result),
            "is_stopped": result.is_stopped,
            "repairs": list(result.repairs),
            "start_weights": result.start_weights,
        }
        return {prefix + name: value for name, value in values.items()}

    def _result_of(self, saved: Mapping[str, Any], prefix: str) -> EMResult:
        """Return a result from the values of a file."""
        values = {
            name.removeprefix(prefix): value
            for name, value in saved.items()
            if name.startswith(prefix)
        }
        bounds = [float(bound) for bound in values["lower_bounds_"]]
        return EMResult(
            self.parameters_of(values), bounds, values["n_iter_"], values["converged_"],
            float(values["lower_bound_"]), values["is_stopped"], values["repairs"],
            values["start_weights"],
        )  # fmt: skip


def _described(value: object) -> object:
    """Return the value of a parameter; of a random generator only its kind."""
    if isinstance(value, np.random.RandomState):
        return type(value).__name__
    return value.tolist() if isinstance(value, np.ndarray) else value
