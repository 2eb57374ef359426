#!/usr/bin/env bash
# Put LLVM's OpenMP runtime where Meson looks for Homebrew's on macOS. Homebrew's own needs a
# macOS as new as that of the machine it was installed on, and so would every wheel with it.
# Usage: bash tools/wheels/install_libomp.sh
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes \
  --requirement "$folder/libomp.txt" --dest "$work"
unzip -q "$work"/cmeel_libomp-*.whl -d "$work/unpacked"

if brew list libomp > /dev/null 2>&1; then
  brew uninstall --ignore-dependencies libomp
fi
prefix=$(brew --prefix)/opt/libomp
mkdir -p "$prefix"
cp -R "$work/unpacked/cmeel.prefix/include" "$work/unpacked/cmeel.prefix/lib" "$prefix"

# By its path the linker records it in what is built, and delocate finds it there.
library=$prefix/lib/libomp.dylib
install_name_tool -id "$library" "$library"
codesign --force --sign - "$library"
