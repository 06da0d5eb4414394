"""The engines beside ours: set up in an environment of their own, run one after the other, timed by CPU seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-peers"
PEERS = ROOT / "benchmarks" / "peers"


@dataclass(frozen=True, slots=True)
class Peer:
    """A module in benchmarks/peers and how many letters one timed round makes."""

    name: str
    module: str
    letters: int


ALL = (
    Peer("reportlab canvas", "reportlab_canvas", 500),
    Peer("reportlab platypus", "reportlab_platypus", 300),
    Peer("typst", "typst_letters", 150),
    Peer("skia-pdf", "skia_pdf", 400),
    Peer("libharu", "libharu", 1000),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """One round of one peer."""

    letters_per_second: float
    bytes_per_letter: float


def set_up() -> dict[str, str]:
    """Make the environment; returns the peers that cannot run here with the reason, by name."""
    stamp = ENVIRONMENT / "requirements.txt"
    wanted = (PEERS / "requirements.txt").read_text("utf-8")
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        install = [ENVIRONMENT / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", PEERS / "requirements.txt"], check=True, stderr=subprocess.DEVNULL)
        stamp.write_text(wanted, "utf-8")
    if Path("/usr/include/hpdf.h").exists() or _install("libhpdf-dev"):
        return {}
    return {"libharu": "libhpdf-dev is not installed: apt-get install libhpdf-dev"}


def _install(package: str) -> bool:
    if os.geteuid():
        return False
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def time_peer(peer: Peer, letters: Path, count: int, out: Path) -> Timing:
    """Make one PDF of `count` letters. Raises CalledProcessError with the peer's own words when it fails."""
    command = [ENVIRONMENT / "bin/python", PEERS / "run.py", peer.module, letters, str(count), out]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    return Timing(result["letters"] / result["cpu"], result["bytes"] / result["letters"])
