#!/usr/bin/env bash
# Audit the source distribution and the wheel of the stable ABI, and test the wheel in a clean
# environment of every Python from 3.11 on that is there.
# Usage: bash tools/wheels/check_wheel.sh FOLDER            build both into the empty FOLDER first
#        bash tools/wheels/check_wheel.sh --built FOLDER    check the files that FOLDER holds
# Needs Linux, git, a C compiler and Python 3.11.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$tree/tools/wheels/environments.sh"
largest_wheel=2000000 # bytes
n_identifiers=16      # two wheels for each of eight platforms

usage='usage: bash tools/wheels/check_wheel.sh [--built] FOLDER'
if [ "${1:-}" = --built ]; then
  folder=${2:?$usage}
else
  folder=${1:?$usage}
  bash "$tree/tools/wheels/build_wheel.sh" "$folder"
fi
folder=$(cd "$folder" && pwd)
wheel=$(echo "$folder"/gmmx_native-*-cp311-abi3-*.whl)
test -f "$wheel" || fail "$folder does not hold one wheel of the stable ABI"
python=$(find_python 3.11) || fail 'no Python 3.11'
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

section 'Audit'
abi3audit --strict "$wheel"
twine check --strict "$folder"/*
check-wheel-contents --ignore W009,W010 "$wheel" # W009: .libs beside gmmx; W010: data without code
pydistcheck "$folder"/*
python -m zipfile -l "$wheel" > "$work/contents"
cat "$work/contents"
if grep -E '\.(pyx|pxd|c|h|in) |meson\.build|__pycache__|tests/' "$work/contents"; then
  fail 'the wheel holds the files above, which belong to the sources only'
fi
grep -q 'gmmx_native.libs/libgomp' "$work/contents" || fail 'the wheel lacks the OpenMP runtime'
size=$(stat -c %s "$wheel")
test "$size" -lt "$largest_wheel" || fail "the wheel has $size bytes"

# Beside the types: tests of the wheel in a clean environment of each Python.
test_wheel() {
  new_environment "python$1" "$2"
  python -m pip install --quiet pytest "$wheel"
  cd "$work/test"
  GMMX_WHEEL=1 python -m pytest -W error --durations=3 test_minimal.py
}

mkdir "$work/test"
cp tests/test_minimal.py "$work/test"
versions=()
for version in 3.11 3.12 3.13 3.14; do
  if other=$(find_python "$version"); then
    start "python$version" test_wheel "$version" "$other"
    versions+=("$version")
  else
    echo "Python $version: skipped, not on PATH or in pyenv" | tee -a "$work/summary"
  fi
done

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

section 'The wheel on every Python'
for version in "${versions[@]}"; do
  finish "python$version"
  echo "Python $version: $(tail -n 1 "$work/python$version.txt")" >> "$work/summary"
done

section 'Time to import, perhaps beside other programs'
use() { PATH=$work/python3.11/bin:$system_path python "$@"; }
use "$tree/tools/measure/import_time.py" | tee -a "$work/summary"

section 'Passed'
cat "$work/summary"
echo "$(basename "$wheel"): $size bytes"
