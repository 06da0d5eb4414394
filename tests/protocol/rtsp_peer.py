"""An RTSP camera for tests: GStreamer's RTSP server on loopback, showing JPEG files in turn. SIMULATED.

Runs under the system's Python (``/usr/bin/python3``), where Debian keeps GStreamer's bindings:
``rtsp_peer.py FOLDER FRAMES_PER_SECOND`` prints its port and serves FOLDER/1.jpg, 2.jpg … over and over until its
standard input is closed. ``rtsp_peer.py --check`` ends with 0 when everything it needs is installed.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

NEEDED = ("multifilesrc", "jpegdec", "videoconvert", "jpegenc", "rtpjpegpay")


def main(arguments: list[str]) -> int:
    """Serve, or check."""
    try:
        import gi

        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import GLib, Gst, GstRtspServer
    except (ImportError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 1
    Gst.init(None)
    missing = [name for name in NEEDED if Gst.ElementFactory.find(name) is None]
    if missing:
        print(f"GStreamer has no {', '.join(missing)}", file=sys.stderr)
        return 1
    if arguments[0] == "--check":
        return 0
    folder, rate = arguments
    count = len(list(Path(folder).glob("*.jpg")))
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( multifilesrc location="{folder}/%d.jpg" start-index=1 stop-index={count} loop=true caps="image/jpeg,framerate={rate}/1" '
        "! jpegdec ! videoconvert ! video/x-raw,format=I420 ! jpegenc quality=95 ! rtpjpegpay name=pay0 pt=26 )"
    )
    factory.set_shared(True)
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
