# Settings and functions of the scripts that work in fresh environments. They source this file.

unset GMMX_ISA OMP_NUM_THREADS PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1
system_path=$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

section() {
  printf '\n==== %s (%d s) ====\n' "$1" "$SECONDS"
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

# Make an environment of a Python, first on PATH until the next one.
new_environment() {
  "$2" -m venv "$work/$1"
  export PATH=$work/$1/bin:$system_path
  python -m pip install --quiet --upgrade pip
}
