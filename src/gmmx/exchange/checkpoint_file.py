"""Files that keep the progress of a fit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gmmx.contract.estimator import Estimator
from gmmx.em.checkpoint import Progress
from gmmx.em.loop import EMResult
from gmmx.exchange.format import ModelFile, read_model_file, write_model_file
from gmmx.model.parameters import MixtureParameters
from gmmx.samples.windowed_source import WindowedSource

# Parameters that do not change the result of a fit, and the generator, whose state is saved.
_LEFT_OUT = ("callback", "n_threads", "random_state", "verbose", "verbose_interval", "warm_start")


class CheckpointFile:
    """The progress of a fit in a file, which is replaced in one step.

    Parameters
    ----------
    path : path-like
        The file.
    model : Estimator
        The mixture that is fitted.
    samples : WindowedSource
        The samples of the fit.
    random_state : numpy.random.RandomState
        The generator of the starting values.
    values_of : callable
        Takes a result and returns fitted attributes, with arrays in float64.
    parameters_of : callable
        Takes fitted attributes and returns the parameters.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: Estimator,
        samples: WindowedSource,
        random_state: np.random.RandomState,
        *,
        values_of: Callable[[EMResult], Mapping[str, Any]],
        parameters_of: Callable[[Mapping[str, Any]], MixtureParameters],
    ) -> None:
        self.path = path
        self.model = model
        self.samples = samples
        self.random_state = random_state
        self.values_of = values_of
        self.parameters_of = parameters_of

    def load(self) -> Progress | None:
        """Return the progress in the file, None if there is no file."""
        if not os.path.exists(self.path):
            return None
        file = read_model_file(self.path)
        saved = file.fitted
        if file.class_name != self._class_name or saved.get("fit") != self._description():
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
            "fit": self._description(),
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

    def remove(self) -> None:
        """Remove the file at the end of the fit."""
        if os.path.exists(self.path):
            os.remove(self.path)

    @property
    def _class_name(self) -> str:
        """Class of the mixture, under a name that `gmmx.load` refuses."""
        return f"checkpoint of {type(self.model).__name__}"

    def _description(self) -> list[Any]:
        """Return values that tell one fit from another: parameters and samples."""
        samples = self.samples
        parameters = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self.model.get_params().items()
            if name not in _LEFT_OUT
        }
        return [
            repr(parameters), samples.n_samples, samples.n_features, str(samples.dtype),
            repr(samples.total_weight), samples.first_sample.tolist(),
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
