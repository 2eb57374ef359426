"""The service returns the model's predictions, and refuses bad bodies with a reason."""

from __future__ import annotations

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gmmx
from server import running

REASON = "needs the extra: pip install 'gmmx-native[service]'"
service = pytest.importorskip("app", reason=REASON)
httpx2 = pytest.importorskip("httpx2", reason=REASON)
testclient = pytest.importorskip("fastapi.testclient", reason=REASON)

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="gunicorn needs os.fork")
GOOD = {"rows": [[0.0, 1.0]]}
MAX_BYTES = service.MAX_ROWS * 2 * service.NUMBER_BYTES


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).normal(size=(300, 2)) + 4 * np.arange(300)[:, None] // 150
    return gmmx.GaussianMixture(2, random_state=0).fit(X)


@pytest.fixture(scope="module")
def model_path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("service") / "model.gmmx"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def client(model):
    with testclient.TestClient(service.create_app(model)) as client:  # raises where it would be 500
        yield client


def check_answer(response, model, X):
    """Check that a response has every digit of the model's predictions."""
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer.keys() == {"probabilities", "log_likelihoods"}
    np.testing.assert_array_equal(answer["probabilities"], model.predict_proba(X))
    np.testing.assert_array_equal(answer["log_likelihoods"], model.score_samples(X))


# ---- answers


@pytest.mark.parametrize("n_rows", [1, 1000, service.MAX_ROWS])
def test_answers_are_the_models(client, model, n_rows):
    X = np.random.default_rng(1).normal(size=(n_rows, 2))
    check_answer(client.post("/predict", json={"rows": X.tolist()}), model, X)


def test_integers_are_numbers(client, model):
    check_answer(client.post("/predict", content=b'{"rows": [[1, -2]]}'), model, [[1.0, -2.0]])


def test_the_longest_numbers_fit_into_a_body(client):
    row = b"[-1.7976931348623157e+308, -1.7976931348623157e+308]"
    body = b'{"rows": [' + b", ".join([row] * service.MAX_ROWS) + b"]}"
    assert client.post("/predict", content=body).status_code == 200


def test_a_log_likelihood_below_the_range_of_floats_is_null(client):
    answer = client.post("/predict", json={"rows": [[1e200, 0.0]]}).json()
    assert answer["log_likelihoods"] == [None]
    assert sum(answer["probabilities"][0]) == pytest.approx(1.0)


def test_health_tells_the_sizes_of_the_model(client):
    response = client.get("/health")
    assert response.json() == {"status": "ok", "n_features": 2, "n_components": 2}


def test_the_schema_tells_the_width(client):
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    row = schema["properties"]["rows"]["items"]
    assert (row["minItems"], row["maxItems"]) == (2, 2)


# ---- refusals


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "EOF"),
        (b"rows", "expected value"),
        (b'{"rows": [[0, 1]]', "EOF"),
        (b'{"rows": [[0, 1]]} 2', "trailing characters"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[[0, 1]]", "object"),
        (b"{}", "Field required"),
        (b'{"rows": [[0, 1]], "model": 1}', "Extra inputs are not permitted"),
        (b'{"rows": []}', "at least 1 item"),
        (b'{"rows": [[]]}', "at least 2 items"),
        (b'{"rows": [[0]]}', "at least 2 items"),
        (b'{"rows": [[0, 1, 2]]}', "at most 2 items"),
        (b'{"rows": [0, 1]}', "valid array"),
        (b'{"rows": [[[0], [1]]]}', "valid number"),
        (b'{"rows": [[0, "1"]]}', "valid number"),
        (b'{"rows": [[0, true]]}', "valid number"),
        (b'{"rows": [[0, null]]}', "valid number"),
        (b'{"rows": [[0, NaN]]}', "finite"),
        (b'{"rows": [[0, -Infinity]]}', "finite"),
        (b'{"rows": [[0, 1e400]]}', "finite"),
        (b'{"rows": [[0, 1' + b"0" * 400 + b"]]}", "finite"),
        (b'{"rows": ' + b"[" * 100_000, "recursion limit"),
    ],
)
def test_bad_bodies_are_refused_with_a_reason(client, body, reason):
    response = client.post("/predict", content=body)
    assert response.status_code == 422
    (detail,) = response.json()["detail"]
    assert reason in detail["msg"]


def test_the_reason_names_the_place(client):
    response = client.post("/predict", json={"rows": [[0, 1], [2, "three"]]})
    assert response.json()["detail"][0]["loc"] == ["rows", 1, 1]


def test_too_many_rows_are_refused(client):
    rows = GOOD["rows"] * (service.MAX_ROWS + 1)
    response = client.post("/predict", json={"rows": rows})
    assert response.status_code == 422
    assert f"at most {service.MAX_ROWS} items" in response.text


def test_a_million_errors_cost_no_more_than_one(client):
    response = client.post("/predict", json={"rows": [["", ""]] * service.MAX_ROWS})
    assert response.status_code == 422
    assert len(response.json()["detail"]) == 1


def test_too_large_bodies_are_refused(client):
    body = json.dumps(GOOD).encode().ljust(MAX_BYTES + 1)
    response = client.post("/predict", content=body)
    assert response.status_code == 422
    assert f"more than {MAX_BYTES} bytes" in response.text
    assert client.post("/predict", content=body[:-1]).status_code == 200


# ---- the model's file


def test_column_names_of_the_training_data_are_not_asked_of_requests(tmp_path, monkeypatch):
    table = pd.DataFrame(np.random.default_rng(3).normal(size=(300, 2)), columns=["a", "b"])
    model = gmmx.GaussianMixture(2, random_state=0).fit(table)
    model.save(tmp_path / "model.gmmx")
    monkeypatch.setenv("GMMX_MODEL", str(tmp_path / "model.gmmx"))
    with testclient.TestClient(service.load_app()) as client:  # warnings are errors
        answer = client.post("/predict", json=GOOD).json()
    expected = model.predict_proba(pd.DataFrame(GOOD["rows"], columns=["a", "b"]))
    np.testing.assert_array_equal(answer["probabilities"], expected)


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_name_of_a_file_the_start_ends_with_one_line(monkeypatch, value):
    monkeypatch.delenv("GMMX_MODEL", raising=False)
    if value is not None:
        monkeypatch.setenv("GMMX_MODEL", value)
    with pytest.raises(SystemExit, match="GMMX_MODEL is not set"):
        service.load_app()


# ---- any body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
ROWS = st.lists(st.lists(st.floats() | st.integers() | JSON, min_size=1, max_size=3))


@given(body=st.binary() | JSON.map(json.dumps) | ROWS.map(lambda rows: json.dumps({"rows": rows})))
def test_any_body_is_answered_or_refused(client, body):
    assert client.post("/predict", content=body).status_code in {200, 422}


# ---- under gunicorn


@pytest.fixture(scope="module")
def address(model_path):
    with running("--workers=2", environment={"GMMX_MODEL": str(model_path)}) as address:
        yield address


@needs_fork
def test_forked_workers_answer_many_clients_at_once(address, model):
    X = np.random.default_rng(2).normal(size=(200, 50, 2))
    with httpx2.Client(base_url=address, timeout=25) as client, ThreadPoolExecutor(8) as pool:
        bodies = ({"rows": rows.tolist()} for rows in X)
        responses = list(pool.map(lambda body: client.post("/predict", json=body), bodies))
    for response, rows in zip(responses, X, strict=True):
        check_answer(response, model, rows)


@needs_fork
def test_large_bodies_and_clients_that_leave_do_not_stop_the_server(address):
    host, port = address.removeprefix("http://").split(":")
    for _ in range(4):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    for _ in range(4):
        response = httpx2.post(f"{address}/predict", content=b" " * (MAX_BYTES + 1))
        assert response.status_code == 422
    assert httpx2.post(f"{address}/predict", json=GOOD).status_code == 200


@needs_fork
def test_the_server_stops(model_path):
    with running("--workers=2", environment={"GMMX_MODEL": str(model_path)}) as address:
        assert httpx2.get(f"{address}/health").json()["status"] == "ok"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{address}/health")


@needs_fork
def test_gunicorn_passes_on_the_line_that_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("GMMX_MODEL", raising=False)
    with pytest.raises(RuntimeError) as caught, running(environment={}):
        pass
    log = str(caught.value)
    assert "GMMX_MODEL is not set" in log
    assert "Traceback" not in log


@needs_fork
def test_a_damaged_model_stops_the_start(model_path, tmp_path):
    path = tmp_path / "damaged.gmmx"
    path.write_bytes(model_path.read_bytes()[:-1])
    with (
        pytest.raises(RuntimeError, match="ModelFileError"),
        running(environment={"GMMX_MODEL": str(path)}),
    ):
        pass
