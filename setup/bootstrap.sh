#!/usr/bin/env bash
# Brings a bare Debian 12 machine to the point where every command of Letterline runs.
# Idempotent; the second call only compares and returns in under a second.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m[set-up]\033[0m %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_system_packages() {
    local wanted missing=()
    wanted=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' setup/apt-packages.txt)
    for package in $wanted; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)" = "ii " ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing ${#missing[@]} system packages: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${missing[@]}" >/tmp/letterline-apt.$$.log 2>&1 \
        || { tail -n 30 /tmp/letterline-apt.$$.log; say "apt could not install the packages above"; exit 1; }
}

install_python_packages() {
    local stamp=.venv/.letterline-installed state
    state=$(cat requirements.lock pyproject.toml | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && return
    say "installing Python packages into .venv"
    [ -x .venv/bin/python ] || "$(find_python)" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check uv==0.13.9
    .venv/bin/uv pip install -q --python .venv/bin/python --compile-bytecode --require-hashes -r requirements.lock
    .venv/bin/uv pip install -q --python .venv/bin/python --no-deps -e . --config-settings editable_mode=compat
    printf '%s' "$state" >"$stamp"
}

# The renderer's hot loops are compiled on first use and kept beside their sources. Half a minute of one processor, once, here rather than
# before somebody's first letter. Numba itself compiles again whatever has changed since.
compile_kernels() {
    local stamp=.venv/.letterline-kernels state pictures
    state=$(find rendering -name '*.py' -print0 | sort -z | xargs -0 cat | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && return
    say "compiling the renderer's kernels"
    pictures=$(mktemp -d)
    .venv/bin/letterline template preview examples/templates/lawyer_letter -o "$pictures" >/dev/null || { rm -rf "$pictures"; return 0; }
    rm -rf "$pictures"
    printf '%s' "$state" >"$stamp"
}

find_python() {
    for candidate in python3.11 python3.12 python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
    say "no Python 3.11 or 3.12 found" >&2; exit 1
}

install_system_packages
bash setup/fonts.sh
install_python_packages
compile_kernels
