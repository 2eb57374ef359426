#!/usr/bin/env bash
# Build the documentation site into docs/build/html; every warning is an error.
# Usage: bash docs/build.sh                   in an environment of its own, build/docs
#        GMMX_DOCS_PYTHON=python bash docs/build.sh    with a Python that has gmmx and the group docs
# Needs Python 3.11 or newer and, for an environment of its own, a C compiler.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${GMMX_DOCS_PYTHON:-}
cd "$tree"

if [ -z "$python" ]; then
  python=build/docs/bin/python
  test -x "$python" || python3 -m venv build/docs
  "$python" -m pip install --quiet --upgrade pip
  "$python" -m pip install --quiet --group docs '.[dask,parquet,plot,sklearn]'
fi

# Names, scripts and folders of the gallery may be gone. The other scripts run only after a change.
rm -rf docs/build/html docs/api/generated docs/api/examples docs/auto_gallery/*/index.rst
for page in docs/auto_gallery/*/plot_*.rst; do
  script=docs/gallery/${page#docs/auto_gallery/}
  test -e "${script%.rst}.py" || rm -f "${page%.rst}".*
done
"$python" -m sphinx --builder html --fail-on-warning --nitpicky --keep-going --jobs auto --quiet \
  --doctree-dir docs/build/doctrees docs docs/build/html
echo "$tree/docs/build/html/index.html"
