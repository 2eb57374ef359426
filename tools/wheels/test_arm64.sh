#!/usr/bin/env bash
# Build the arm64 wheel with Debian's cross compiler and run tests of the numbers on an arm64
# Python under qemu-user: kernels against their formulas, whole fits against the NumPy twin.
# Usage: bash tools/wheels/test_arm64.sh [FILE ...]     files in tests, by default those below
#        bash tools/wheels/test_arm64.sh --packages     print the Debian packages that it needs
# Works on Debian 12, and without root once these packages are installed. The arm64 Python and its
# libraries are unpacked into a temporary folder, not installed.
set -euo pipefail

packages=(gcc-aarch64-linux-gnu qemu-user python3-venv)
arm64_packages=(python3 libpython3-dev libgomp1 libstdc++6)
tests=(
  test_minimal.py core/test_kernels.py em/test_reference.py samples/test_visits.py
  model/test_statistics.py
)

if [ "${1:-}" = --packages ]; then
  echo "${packages[@]}"
  exit
fi
if [ $# -gt 0 ]; then
  tests=("$@")
fi
for program in aarch64-linux-gnu-gcc qemu-aarch64 python3.11; do
  if ! command -v "$program" > /dev/null; then
    echo "no $program: apt-get install ${packages[*]}" >&2
    exit 1
  fi
done

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root # of the arm64 system
export PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$tree"

section() {
  printf '\n---- %s (%d s)\n' "$1" "$SECONDS"
}

section 'Python for arm64'
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$root"
touch "$work/apt/status"
apt_arm64() {
  apt-get --quiet --quiet --option APT::Architecture=arm64 --option APT::Architectures=arm64 \
    --option Dir::State="$work/apt" --option Dir::State::lists="$work/apt/lists" \
    --option Dir::State::status="$work/apt/status" --option Dir::Cache="$work/apt/cache" \
    --option APT::Sandbox::User="$(id --user --name)" "$@"
}
apt_arm64 update
apt_arm64 install --download-only --no-install-recommends --yes "${arm64_packages[@]}" > /dev/null
for package in "$work"/apt/cache/archives/*.deb; do
  dpkg-deb --extract "$package" "$root"
done
# Under its own name qemu would hide from Python where it is, and children would not start.
real=$(readlink --canonicalize "$root/usr/bin/python3")
python=$root/usr/bin/python3
rm "$python"
printf '#!/bin/sh\nexec qemu-aarch64 -L %s -0 %s %s "$@"\n' "$root" "$python" "$real" > "$python"
chmod +x "$python"
"$python" -c 'import platform; print(platform.python_version(), platform.machine())'

section 'Build'
cat > "$work/arm64.ini" << END
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
python = '$python'
exe_wrapper = ['qemu-aarch64', '-L', '$root']

[built-in options]
c_args = ['-isystem', '$root/usr/include']

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END
python3.11 -m venv "$work/host"
"$work/host/bin/python" -m pip install --quiet --upgrade pip build
_PYTHON_HOST_PLATFORM=linux-aarch64 "$work/host/bin/python" -m build --wheel --outdir "$work/dist" \
  -Csetup-args=--cross-file="$work/arm64.ini" -Csetup-args=-Dopenmp=enabled \
  -Csetup-args=-Dpython.allow_limited_api=true . > "$work/log" 2>&1 \
  || { cat "$work/log" >&2; exit 1; }
ls -l "$work/dist"

section 'Install'
platforms=()
for name in manylinux_2_28 manylinux_2_27 manylinux2014 linux; do
  platforms+=(--platform "${name}_aarch64")
done
"$work/host/bin/python" -m pip install --quiet --target "$work/site" --only-binary=:all: \
  --implementation cp --python-version 3.11 --abi cp311 --abi abi3 \
  "${platforms[@]}" "$work"/dist/*.whl pytest hypothesis mpmath

section 'Test'
cp -R tests "$work"
cd "$work"
export PYTHONPATH=$work/site:$work/tests/support OPENBLAS_NUM_THREADS=1 GMMX_WHEEL=1
"$python" -m pytest -q --import-mode=importlib --durations=5 "${tests[@]/#/tests/}"
