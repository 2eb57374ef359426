#!/usr/bin/env bash
# Build with sanitizers and run the tests that drive the compiled code. Any report is a failure.
# Usage: bash tools/wheels/test_sanitizers.sh memory     accesses and undefined behaviour, GCC
#        bash tools/wheels/test_sanitizers.sh threads    races, Clang with libomp and Archer
# Needs Linux; threads needs Debian's clang and libomp-dev, or CC=clang-16 with libomp-16-dev.
# GCC's libgomp would give false reports of races.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$tree/tools/wheels/environments.sh"
export OPENBLAS_NUM_THREADS=1
cd "$tree"

case ${1:-} in
  memory)
    sanitizers=address,undefined
    export CC=${CC:-gcc}
    preload="$("$CC" -print-file-name=libasan.so) $("$CC" -print-file-name=libubsan.so)"
    levels=('' baseline) # the processor's best, and the one that every processor has
    tests=(test_minimal.py core/test_kernels.py samples/test_visits.py)
    best_only=(
      em/test_reference.py exchange/test_model_file.py checks/test_validation.py
      core/test_prediction.py core/test_structures.py em/test_compiled.py starts/test_hierarchy.py
    )
    chosen=''
    ;;
  threads)
    sanitizers=thread
    export CC=${CC:-clang}
    preload=$("$CC" -print-file-name="libclang_rt.tsan-$(uname -m).so")
    test -f "$preload" || preload=$("$CC" -print-file-name=libclang_rt.tsan.so)
    # Archer tells the sanitizer what OpenMP orders; without it every parallel loop is reported.
    OMP_TOOL_LIBRARIES=$(dirname "$(realpath "$(command -v "$CC")")")/../lib/libarcher.so
    test -f "$OMP_TOOL_LIBRARIES" || { echo "no $OMP_TOOL_LIBRARIES: install libomp-dev" >&2; exit 2; }
    export OMP_TOOL_LIBRARIES
    levels=('')
    tests=(test_minimal.py)
    best_only=(contract/test_bits.py core/test_prediction.py tree/test_reliability.py)
    # Left out: the sanitizer ends a forked child that starts threads, and has a thread of its own
    # where threads are counted; the table's tests read the whole tree.
    chosen='not fork and not use_all_threads and not table'
    ;;
  *)
    echo 'usage: bash tools/wheels/test_sanitizers.sh memory|threads' >&2
    exit 2
    ;;
esac

new_environment sanitizers python3
python -m pip install --quiet pytest hypothesis mpmath numpy scipy pandas scikit-learn
# With -O1 GCC needs less than half of the time, since the checks hide most of what -O3 looks for.
# Kernels that this processor cannot run take a third of the build.
kernel_levels=avx2
if grep -q avx512f /proc/cpuinfo; then
  kernel_levels=avx2,avx512
fi
python -m pip install --quiet -Csetup-args=-Db_sanitize="$sanitizers" \
  -Csetup-args=-Dkernel_levels="$kernel_levels" \
  -Csetup-args=-Db_lundef=false -Csetup-args=-Dopenmp=enabled -Csetup-args=-Doptimization=1 .

cp -R tests "$work"
cd "$work"
# Reports go to files, as pytest would keep what is printed from a process that is then ended.
report=log_path=$work/report:exitcode=1
export ASAN_OPTIONS=detect_leaks=0:$report
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:$report
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1:$report
export PYTHONMALLOC=malloc PYTHONPATH=$work/tests/support

status=0
seconds=900 # for the tests of an instruction set
processes=()
for level in "${levels[@]}"; do
  files=("${tests[@]}")
  test -n "$level" || files+=("${best_only[@]}")
  GMMX_ISA=$level LD_PRELOAD=$preload timeout --kill-after=10 "$seconds" python -m pytest -q \
    --import-mode=importlib -p no:faulthandler -p no:cacheprovider -k "$chosen" \
    "${files[@]/#/tests/}" > "$work/tests-$level" 2>&1 &
  processes+=($!)
done
for process in "${processes[@]}"; do
  wait "$process" || status=$?
done
cat "$work"/tests-*
for file in "$work"/report.*; do
  test -e "$file" || break
  cat "$file" >&2
  status=1
done
test "$status" = 0 && echo "no reports from the sanitizers ($sanitizers)" ||
  echo "FAILED: see above (status $status; 124 means more than $seconds seconds)" >&2
exit "$status"
