"""The application for gunicorn in a load test: the example's service with a library's model."""

from __future__ import annotations

import os

from fastapi import FastAPI

from app import create_app, load_model
from bench.rivals import SKLEARN


def load_app() -> FastAPI:
    """Return the service with the model of the library named by BENCH_LIBRARY."""
    model = load_model()
    return create_app(model.to_sklearn() if os.environ["BENCH_LIBRARY"] == SKLEARN.key else model)
