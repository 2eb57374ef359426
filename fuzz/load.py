"""Fuzz the loader of model files: whatever a file holds, there is a model or a ModelFileError.

Usage: python -m pip install '.[fuzz]'
       python fuzz/load.py --seconds 60
       python fuzz/load.py --only fuzz/corpus/load/NAME

An input is the header and the arrays of a model file. Its prefix and checksum are made right, as
forgers make theirs; damage that they notice has tests of its own. What reaches new code joins
fuzz/corpus/load, and so does what fails: tests/tree/test_corpus.py runs all of it again.
"""

from __future__ import annotations

import argparse
import hashlib
import struct
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

CORPUS = Path(__file__).parent / "corpus" / "load"
SEPARATOR = b"\0"  # between the header, which is text, and the arrays
PREFIX = struct.Struct("<8sIQQ")
LARGEST_INPUT = 4096
# JSON that a mutation would take long to come upon.
TOKENS = (
    "array", "scalar", "float", "tuple", "strings", "random_state", "dtype", "shape", "offset",
    "|b1", "|u1", "<f2", "<f4", "<f8", "<i8", "key", "pos", "has_gauss", "gauss", "nan", "-inf",
    "null", "true", "[]", "{}", "-1", "1e999", "18446744073709551616", "weights_", "means_",
    "covariances_", "precisions_", "precisions_cholesky_", "covariance_type", "tied", "diag",
    "spherical", "tied-diag", "tied-spherical", "n_features_in_", "feature_names_in_",
)  # fmt: skip


def model_file(data: bytes) -> bytes:
    """Return a model file whose prefix and checksum are right."""
    header, _, arrays = data.partition(SEPARATOR)
    length = PREFIX.size + len(header) + len(arrays) + hashlib.sha256().digest_size
    body = PREFIX.pack(b"\x89GMMX\r\n\x1a", 1, length, len(header)) + header + arrays
    return body + hashlib.sha256(body).digest()


def contents_of(path: Path) -> bytes:
    """Return the input that becomes a given model file."""
    data = path.read_bytes()
    *_, header_length = PREFIX.unpack_from(data)
    stop = PREFIX.size + header_length
    return data[PREFIX.size : stop] + SEPARATOR + data[stop : -hashlib.sha256().digest_size]


def check(data: bytes) -> None:
    """Load a file and use what comes back; raise whatever gmmx does not promise to raise."""
    import gmmx

    with tempfile.NamedTemporaryFile(suffix=".gmmx") as file:
        file.write(model_file(data))
        file.flush()
        try:
            model = gmmx.load(file.name)
        except gmmx.ModelFileError:
            return
    X = np.linspace(-2.0, 2.0, 3 * model.means_.shape[1]).reshape(3, -1)
    for method in (model.predict, model.predict_proba, model.score_samples, model.fit):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                method(X)
        except (ValueError, TypeError):
            pass  # Parameters may be anything; they are checked where they are used.


def fuzz(seconds: int) -> None:
    """Run the fuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["gmmx", "json"]):
        import gmmx.exchange.format  # noqa: F401 - measures what an input reaches
    CORPUS.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".dict", delete=False) as tokens:
        tokens.write("".join(f'"{token}"\n' for token in TOKENS))
    options = [
        f"-max_total_time={seconds}", f"-max_len={LARGEST_INPUT}", f"-dict={tokens.name}",
        f"-artifact_prefix={CORPUS}/", "-timeout=20", "-rss_limit_mb=2048", str(CORPUS),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


def main() -> None:
    """Fuzz, or check one input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.only is not None:
        check(arguments.only.read_bytes())
    else:
        fuzz(arguments.seconds)


if __name__ == "__main__":
    main()
