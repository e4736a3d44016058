# Sourced by the other scripts: where things are, and how to say what is happening. bash.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build"
env="$build/env"
platform="$build/platform"  # made by scripts/setup --tests
try="$build/try"            # made by scripts/setup --try
export PYTHONPATH="$root/scripts/py" PYTHONDONTWRITEBYTECODE=1
export PATH="$PATH:$HOME/.cargo/bin"
if command -v ccache >/dev/null; then export VIGNETTE_LAUNCHER=ccache; fi

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# step "Building" command…: one line with its time when it worked, its whole output when it did not.
step() {
    local name=$1 log start
    shift
    mkdir -p "$build/log"
    log="$build/log/${name//[^A-Za-z0-9]/-}.log"
    start=$SECONDS
    [ -t 2 ] && printf '  …  %s' "$name" >&2
    if "$@" >"$log" 2>&1; then
        [ -t 2 ] && printf '\r' >&2
        printf '  ok %-44s %4d s\n' "$name" $((SECONDS - start)) >&2
    else
        [ -t 2 ] && printf '\r' >&2
        printf '  FAILED %s after %d s; the end of %s:\n' "$name" $((SECONDS - start)) "$log" >&2
        tail -n 60 "$log" >&2
        return 1
    fi
}
