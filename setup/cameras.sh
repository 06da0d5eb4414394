#!/usr/bin/env bash
# Installs the vendors' camera bindings (Basler pylon, GenICam GenTL) into the project's environment, or into the one
# given as first argument. They are large and needed only where such a camera hangs, so the main set-up leaves them out.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-.venv}
[ -x "$target/bin/python" ] || python3 -m venv "$target"
if [ "$target" != .venv ]; then
    .venv/bin/uv pip install -q --python "$target/bin/python" --require-hashes -r requirements.lock
    .venv/bin/uv pip install -q --python "$target/bin/python" --no-deps -e . --config-settings editable_mode=compat
fi
.venv/bin/uv pip install -q --python "$target/bin/python" "harvesters==1.4.3" "genicam==1.6.0" "pypylon==26.9.0"
if [ "$(id -u)" = 0 ]; then # the peer of the RTSP tests
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 \
        python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
fi
