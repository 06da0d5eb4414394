"""Chinese and English: compiles the ``.po`` catalogues when the station starts, so that no compiled file is kept in the repository.

English is the language of the source texts; every text has a Chinese translation (a test counts them).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, request
from flask_babel import Babel

from controller.service.people import LANGUAGES
from station_ui.security import access

SOURCES: Final = Path(__file__).parent / "translations"
LANGUAGE_COOKIE: Final = "letterline-language"


def compile_catalogues(into: Path) -> Path:
    """Compile every catalogue below `SOURCES` into ``into`` and return ``into``."""
    for source in SOURCES.glob("*/LC_MESSAGES/messages.po"):
        target = into / source.relative_to(SOURCES).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as text, target.open("wb") as compiled:
            write_mo(compiled, read_po(text))
    return into


def language() -> str:
    """Return the language of this request: the badge's, else the cookie's, else the browser's, else Chinese."""
    forced = g.get("language")
    if forced:
        return str(forced)
    found = access.visit()
    if found is not None:
        return found.person.language
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def register(app: Flask) -> None:
    folder = tempfile.TemporaryDirectory(prefix="letterline-words-")
    app.extensions["catalogues"] = folder  # lives and is removed with the application
    compile_catalogues(Path(folder.name))
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = folder.name
    Babel(app, default_locale="en", locale_selector=language)
