#!/usr/bin/env bash
# Build the source distribution and the wheel of the stable ABI, audit them, and test the wheel
# in a clean environment of every Python from 3.11 on that is there.
# Usage: bash tools/wheels/check_wheel.sh [FOLDER]
# Needs Linux, git, a C compiler and Python 3.11. FOLDER gets the files that passed.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
largest_wheel=2000000 # bytes
n_identifiers=16      # two wheels for each of eight platforms

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset GMMX_ISA OMP_NUM_THREADS PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1
system_path=$PATH

section() {
  printf '\n---- %s (%d s)\n' "$1" "$SECONDS"
}

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Print the Python of a version, from PATH or from pyenv.
find_python() {
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if "$candidate" -c 'import ensurepip' 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# Make an environment, first on PATH until the next one.
new_environment() {
  "$2" -m venv "$work/$1"
  export PATH=$work/$1/bin:$system_path
  python -m pip install --quiet --upgrade pip
}

python=$(find_python 3.11) || fail 'no Python 3.11: the wheel has to be built with it'
cd "$tree"

section 'Tools'
new_environment audit "$python"
python -m pip install --quiet --group audit

section 'Settings and workflows'
validate-pyproject pyproject.toml
for system in linux macos windows; do
  cibuildwheel --platform "$system" --archs all --print-build-identifiers | tee -a "$work/identifiers"
done
test "$(wc -l < "$work/identifiers")" = "$n_identifiers" || fail "expected $n_identifiers wheels"
zizmor --offline --quiet .github
check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

section 'Source distribution, and the wheel built from the tree'
settings=(-Csetup-args=-Dopenmp=enabled -Csetup-args=-Dpython.allow_limited_api=true)
python -m build --outdir "$work/dist" --sdist . > "$work/build.log" 2>&1 \
  || fail "$(cat "$work/build.log")"
python -m build --outdir "$work/built" --wheel "${settings[@]}" . > "$work/build.log" 2>&1 \
  || fail "$(cat "$work/build.log")"
auditwheel repair --strip --wheel-dir "$work/dist" "$work"/built/*.whl
wheel=$(echo "$work"/dist/gmmx_native-*-cp311-abi3-*.whl)

section 'Audit'
abi3audit --strict "$wheel"
twine check --strict "$work"/dist/*
check-wheel-contents --ignore W009,W010 "$wheel" # W009: .libs beside gmmx; W010: data without code
pydistcheck "$work"/dist/*
python -m zipfile -l "$wheel" > "$work/contents"
cat "$work/contents"
if grep -E '\.(pyx|pxd|c|h|in) |meson\.build|__pycache__|tests/' "$work/contents"; then
  fail 'the wheel holds the files above, which belong to the sources only'
fi
grep -q 'gmmx_native.libs/libgomp' "$work/contents" || fail 'the wheel lacks the OpenMP runtime'
size=$(stat -c %s "$wheel")
test "$size" -lt "$largest_wheel" || fail "the wheel has $size bytes"

section 'Types, as a user of the wheel sees them'
new_environment types "$python"
python -m pip install --quiet mypy scipy-stubs "$wheel[plot]"
printf '[mypy]\nignore_missing_imports = true\n' > "$work/mypy.ini"
cp tests/support/user_program.py "$work"
cd "$work"
mypy --config-file "" --strict user_program.py
stubtest --mypy-config-file mypy.ini --allowlist "$tree/tools/wheels/stubtest_allowlist.txt" \
  --ignore-unused-allowlist gmmx
cd "$tree"

mkdir "$work/test"
cp tests/test_minimal.py "$work/test"
for version in 3.11 3.12 3.13 3.14; do
  section "The wheel on Python $version"
  if ! python=$(find_python "$version"); then
    echo "skipped: no Python $version on PATH or in pyenv" | tee -a "$work/summary"
    continue
  fi
  new_environment "python$version" "$python"
  python -m pip install --quiet pytest "$wheel"
  (cd "$work/test" && GMMX_WHEEL=1 python -m pytest -W error --durations=3 test_minimal.py) \
    | tee "$work/log"
  echo "Python $version: $(tail -n 1 "$work/log")" >> "$work/summary"
done

section 'Time to import'
use() { PATH=$work/python3.11/bin:$system_path python "$@"; }
use "$tree/tools/measure/import_time.py" | tee -a "$work/summary"

section 'The wheel that pip builds from the source distribution'
new_environment source "$(find_python 3.11)"
python -m pip install --quiet pytest "$work"/dist/*.tar.gz
(cd "$work/test" && python -m pytest -q -W error test_minimal.py)

if [ $# -gt 0 ]; then
  mkdir -p "$1"
  cp "$work"/dist/* "$1"
fi
section 'Passed'
cat "$work/summary"
echo "$(basename "$wheel"): $size bytes"
