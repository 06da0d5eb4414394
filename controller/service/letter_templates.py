"""The template room: which letter templates there are, what they look like with a made-up case, and who released which version.

The pages are rendered in a process of its own (fonts and compiled kernels stay out of the screens' process) and kept by the template's
hash. A release names a hash: a template changed afterwards is not released.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.ledger.station import StationStore
from controller.ledger.station import people as rows

PREVIEW_TIMEOUT_S: Final = 120


@dataclass(frozen=True, slots=True)
class Release:
    """Who released a version, and when (Unix seconds)."""

    badge: str
    at_s: int


@dataclass(frozen=True, slots=True)
class TemplateCard:
    """One template folder. ``sha256`` is its version; ``release`` None while nobody released this very version."""

    key: str
    title: str
    sha256: str
    release: Release | None


@dataclass(frozen=True, slots=True)
class Preview:
    """``pages`` are PNG files; ``faults`` what preflight found, in Chinese and English; ``ready`` False while it is being made."""

    ready: bool
    pages: tuple[Path, ...] = ()
    fields: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()


class TemplateRoom:
    """Safe from many threads; renders one preview at a time."""

    def __init__(self, folder: Path, cache: Path, store: StationStore, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._cache, self._store, self._clock = folder, cache, store, clock
        self._busy = threading.Lock()

    def cards(self) -> Sequence[TemplateCard]:
        with self._store.begin() as db:
            released = {
                (one["template"], one["sha256"]): Release(one["badge"], one["at_s"]) for one in rows.list_releases(db)
            }
        found = sorted(path.parent for path in self._folder.glob("*/template.toml"))
        cards = []
        for folder in found:
            version = version_of(folder)
            cards.append(TemplateCard(folder.name, _title(folder), version, released.get((folder.name, version))))
        return cards

    def card(self, key: str) -> TemplateCard | None:
        return next((card for card in self.cards() if card.key == key), None)

    def preview(self, card: TemplateCard) -> Preview:
        """Return the pages of this version; the first call starts rendering and returns a preview that is not ready."""
        made = self._cache / card.sha256[:32]
        result = made / "result.json"
        if result.is_file():
            told = json.loads(result.read_text("utf-8"))
            pages = tuple(made / name for name in told["pages"])
            return Preview(True, pages, tuple(told["fields"]), tuple((zh, en) for zh, en in told["faults"]))
        if self._busy.acquire(blocking=False):
            threading.Thread(
                target=self._make, args=(self._folder / card.key, made), name="preview", daemon=True
            ).start()
        return Preview(False)

    def release(self, card: TemplateCard, badge: str) -> None:
        """Note that ``badge`` released this version for use."""
        now_s = int(self._clock())
        if card.release is None:
            with self._store.begin() as db:
                rows.add_release(db, {"template": card.key, "sha256": card.sha256, "badge": badge, "at_s": now_s})
            self._store.note(now_s, "template-released", badge, f"{card.key} {card.sha256[:12]}")

    def _make(self, folder: Path, made: Path) -> None:
        try:
            made.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-m", "controller.service.template_preview", str(folder), str(made)]
            try:
                done = subprocess.run(command, timeout=PREVIEW_TIMEOUT_S, capture_output=True, text=True, check=False)
                said = done.stderr.strip().splitlines()[-1:] if done.returncode else []
            except subprocess.TimeoutExpired:
                said = ["the preview took longer than two minutes"]
            if said or not (made / "result.json").is_file():
                text = " ".join(said) or "the preview was not made"
                (made / "result.json").write_text(
                    json.dumps({"pages": [], "fields": [], "faults": [[text, text]]}), "utf-8"
                )
        finally:
            self._busy.release()


def version_of(folder: Path) -> str:
    """Return the SHA-256 over the names and contents of every file of a template's folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _title(folder: Path) -> str:
    import tomllib

    try:
        told = tomllib.loads((folder / "template.toml").read_text("utf-8"))
        return str(told.get("template", {}).get("name", folder.name))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return folder.name
