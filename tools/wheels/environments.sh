# Settings and functions of the scripts that work in fresh environments. They source this file.

unset GMMX_ISA OMP_NUM_THREADS PYTHONPATH PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_NO_COMPILE=0 # means: do not compile; Python compiles the modules that it imports
system_path=$PATH
work=$(mktemp -d)
trap 'end_commands; rm -rf "$work"' EXIT

section() {
  printf '\n==== %s (%d s) ====\n' "$1" "$SECONDS"
}

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Run a command beside the next ones, in a group of processes of its own: start NAME COMMAND ...
declare -A started
start() {
  local name=$1
  shift
  set -m
  "$@" > "$work/$name.txt" 2>&1 &
  set +m
  started[$name]=$!
}

# Wait for a command that was started, and print the last lines of its output; all if it failed.
finish() {
  local status=0
  wait "${started[$1]}" || status=$?
  unset "started[$1]"
  if [ "$status" != 0 ]; then
    cat "$work/$1.txt"
    fail "$1 failed with status $status: see above"
  fi
  tail -n 3 "$work/$1.txt"
}

# End the commands that still run, and all that they started, when a script ends early.
end_commands() {
  local name
  for name in "${!started[@]}"; do
    kill -- "-${started[$name]}" 2> /dev/null || true # it may have ended
  done
  wait
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
