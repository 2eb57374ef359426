"""A web service that returns the probabilities of the components for rows, by a saved model."""

from __future__ import annotations

import os
from typing import Annotated, Generic, TypeVar

import numpy as np
import orjson
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, FailFast, Field, FiniteFloat, ValidationError
from starlette.requests import ClientDisconnect

import gmmx

MAX_ROWS = 10_000
NUMBER_BYTES = 32  # for a number in a body, with spaces and brackets

Row = TypeVar("Row")


class Query(BaseModel, Generic[Row], extra="forbid", strict=True):
    """Body of a request; validation ends at the first error, since there may be millions."""

    rows: Annotated[list[Row], Field(min_length=1, max_length=MAX_ROWS), FailFast()]


def load_app() -> FastAPI:
    """Return the service with the model of `load_model`."""
    return create_app(load_model())


def load_model() -> gmmx.GaussianMixture:
    """Return the model in the file that the environment variable GMMX_MODEL names.

    Predictions run on one thread, since one worker per core keeps all cores busy. Requests have no
    feature names, so the names in the model are deleted: otherwise each prediction would warn.
    """
    path = os.environ.get("GMMX_MODEL")
    if not path:
        raise SystemExit(
            "GMMX_MODEL is not set: let it name a model file, as in GMMX_MODEL=model.gmmx gunicorn"
        )
    model: gmmx.GaussianMixture = gmmx.load(path)
    if hasattr(model, "feature_names_in_"):
        del model.feature_names_in_
    return model.set_params(n_threads=1)


def create_app(model: gmmx.GaussianMixture) -> FastAPI:
    """Return the service.

    Parameters
    ----------
    model : GaussianMixture
        A fitted model, gmmx's or scikit-learn's.

    Returns
    -------
    FastAPI
        The service, with ``POST /predict`` and ``GET /health``.
    """
    n_components, n_features = model.means_.shape
    width = Field(min_length=n_features, max_length=n_features)
    query = Query[Annotated[list[FiniteFloat], width, FailFast()]]
    content = {"application/json": {"schema": query.model_json_schema()}}
    model.predict_proba(model.means_)  # a model that cannot predict stops the start
    app = FastAPI(title="Mixture of Gaussians")

    @app.post("/predict", openapi_extra={"requestBody": {"required": True, "content": content}})
    async def predict(request: Request) -> Response:
        """Return the probabilities of the components and the log-likelihood in nats of each row."""
        X = parse(await read(request, MAX_ROWS * n_features * NUMBER_BYTES), query)
        # Not in another thread, since the model takes less time than the JSON.
        answer = {
            "probabilities": model.predict_proba(X),
            "log_likelihoods": model.score_samples(X),
        }
        body = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type="application/json")

    @app.get("/health")
    async def health() -> dict[str, str | int]:
        """Return the state of the service and the sizes of its model."""
        return {"status": "ok", "n_features": n_features, "n_components": n_components}

    return app


async def read(request: Request, limit: int) -> bytes:
    """Return the body; refuse a body with more bytes before all of it is received."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(422, f"The body has more than {limit} bytes.")
    except ClientDisconnect:
        raise HTTPException(422, "The body ended too early.") from None
    return bytes(body)


def parse(body: bytes, query: type[Query[list[float]]]) -> np.ndarray:
    """Return the rows of a body, converted from bytes to floats in one step, without `json`."""
    try:
        return np.array(query.model_validate_json(body).rows, dtype=np.float64)
    except ValidationError as error:
        raise RequestValidationError(
            error.errors(include_url=False, include_context=False, include_input=False)
        ) from None
