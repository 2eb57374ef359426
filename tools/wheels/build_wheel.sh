#!/usr/bin/env bash
# Build the source distribution of the last commit and, from it, the wheel of the stable ABI.
# Usage: bash tools/wheels/build_wheel.sh FOLDER     FOLDER gets both, and must hold neither before
# Needs Linux, git, a C compiler and Python 3.11.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$tree/tools/wheels/environments.sh"
folder=${1:?usage: bash tools/wheels/build_wheel.sh FOLDER}
mkdir -p "$folder"
test -z "$(ls "$folder")" || fail "$folder is not empty: remove what was built before"
folder=$(cd "$folder" && pwd)
python=$(find_python 3.11) || fail 'no Python 3.11: the wheel has to be built with it'
cd "$tree"

new_environment build "$python"
python -m pip install --quiet --group build
python -m build --outdir "$work/built" -Csetup-args=-Dopenmp=enabled \
  -Csetup-args=-Dpython.allow_limited_api=true . > "$work/log" 2>&1 || fail "$(cat "$work/log")"
auditwheel repair --strip --wheel-dir "$folder" "$work"/built/*.whl
cp "$work"/built/*.tar.gz "$folder"
ls -l "$folder"
