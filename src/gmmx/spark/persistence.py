"""Models in folders, as Spark saves them: parameters as JSON, the fitted mixture as Parquet."""

from __future__ import annotations

from typing import Any

from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReader, MLWriter

from gmmx.estimators.loading import load
from gmmx.spark.params import MixtureParams


class ModelWriter(MLWriter):
    """Save a model to a folder of any file system that Spark knows.

    Parameters
    ----------
    model : MixtureParams
        A model.
    contents : bytes
        The contents of the model file of its local mixture.
    """

    def __init__(self, model: MixtureParams, contents: bytes) -> None:
        super().__init__()
        self.model, self.contents = model, contents

    def saveImpl(self, path: str) -> None:  # noqa: N802 - the name that Spark calls
        """Save the parameters and the local mixture."""
        DefaultParamsWriter.saveMetadata(self.model, path, self.sparkSession)
        data = self.sparkSession.createDataFrame([(self.contents,)], "model binary")
        data.coalesce(1).write.parquet(f"{path}/data")


class ModelReader(MLReader):
    """Load a model of one class.

    Parameters
    ----------
    model_class : type of MixtureParams
        The class of the model; its constructor takes a local mixture.
    """

    def __init__(self, model_class: Any) -> None:
        super().__init__()
        self.model_class = model_class

    def load(self, path: str) -> Any:
        """Return the model that was saved to a folder."""
        expected = f"{self.model_class.__module__}.{self.model_class.__name__}"
        metadata = DefaultParamsReader.loadMetadata(path, self.sparkSession, expected)
        contents = self.sparkSession.read.parquet(f"{path}/data").head()
        assert contents is not None
        model = self.model_class(load(bytes(contents.model)))
        model._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(model, metadata)
        return model
