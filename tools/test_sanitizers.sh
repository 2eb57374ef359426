#!/usr/bin/env bash
# Build with sanitizers and run the tests that drive the compiled code.
# Usage: bash tools/test_sanitizers.sh memory     accesses and undefined behaviour, GCC
#        bash tools/test_sanitizers.sh threads    races, Clang with libomp and Archer
# Needs Linux; threads needs clang and libomp-dev. GCC's libgomp would give false reports of races.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 OPENBLAS_NUM_THREADS=1
cd "$tree"

case ${1:-} in
  memory)
    sanitizers=address,undefined
    export CC=${CC:-gcc}
    preload="$("$CC" -print-file-name=libasan.so) $("$CC" -print-file-name=libubsan.so)"
    tests=(test_minimal.py test_kernels.py test_visits.py)
    ;;
  threads)
    sanitizers=thread
    export CC=${CC:-clang}
    preload=$("$CC" -print-file-name="libclang_rt.tsan-$(uname -m).so")
    test -f "$preload" || preload=$("$CC" -print-file-name=libclang_rt.tsan.so)
    tests=(test_minimal.py)
    ;;
  *)
    echo 'usage: bash tools/test_sanitizers.sh memory|threads' >&2
    exit 2
    ;;
esac

python3 -m venv "$work/venv"
export PATH=$work/venv/bin:$PATH
python -m pip install --quiet --upgrade pip
python -m pip install --quiet pytest hypothesis mpmath numpy scipy
python -m pip install --quiet -Csetup-args=-Db_sanitize="$sanitizers" \
  -Csetup-args=-Db_lundef=false -Csetup-args=-Dopenmp=enabled .

cp -R tests "$work"
cd "$work"
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1 OMP_TOOL_LIBRARIES=libarcher.so
export PYTHONPATH=$work/tests
LD_PRELOAD=$preload python -m pytest -q --import-mode=importlib -p no:faulthandler \
  "${tests[@]/#/tests/}"
