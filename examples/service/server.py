"""The service under gunicorn, in the background, for the test and for load tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.request import urlopen

FOLDER = Path(__file__).resolve().parent
SECONDS = 60  # time limit of a start or a stop


@contextmanager
def running(*arguments: str, environment: dict[str, str]) -> Iterator[str]:
    """Start the service on a free port of the loopback interface, and stop it in the end.

    Parameters
    ----------
    *arguments : str
        Arguments of gunicorn, in addition to the settings in ``gunicorn.conf.py``.
    environment : dict of str
        Variables to add to the environment of this process; GMMX_MODEL names the model file.

    Yields
    ------
    str
        The address, such as ``http://127.0.0.1:40123``.

    Raises
    ------
    RuntimeError
        If the service does not start; the message is its log.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryFile("w+", encoding="utf-8") as log,
    ):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", f"--bind=fd://{listener.fileno()}", *arguments],
            cwd=FOLDER, env=os.environ | environment, stdout=log, stderr=log,
            pass_fds=[listener.fileno()],
        )  # fmt: skip
        listener.close()  # from now on connections fail when gunicorn ends
        try:
            _wait_until_healthy(address, log)
            yield address
        finally:
            process.terminate()
            process.wait(SECONDS)


def _wait_until_healthy(address: str, log: TextIO) -> None:
    """Wait for the first answer; the socket accepts connections before gunicorn starts."""
    try:
        with urlopen(f"{address}/health", timeout=SECONDS):
            return
    except OSError as error:
        log.seek(0)
        raise RuntimeError(f"the service did not start: {error}\n{log.read()}") from error
