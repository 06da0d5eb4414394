"""Photos and signatures that people hand in: checked by their first bytes, kept by their hash. Shell; no image is decoded here."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Final

from werkzeug.datastructures import FileStorage

PHOTO_BYTES_MAX: Final = 5 * 1024 * 1024
SIGNATURE_BYTES_MAX: Final = 512 * 1024
_KINDS: Final = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


class UploadRefused(ValueError):
    """Not a JPEG or PNG, or too large."""


def keep_photo(folder: Path, photo: FileStorage | None) -> str:
    """Store an uploaded photo below ``folder`` and return its SHA-256; "" when none was sent.

    Raises:
        UploadRefused: it is not a JPEG or PNG of at most 5 MB.
    """
    if photo is None or not photo.filename:
        return ""
    return _keep(folder, photo.stream.read(PHOTO_BYTES_MAX + 1), PHOTO_BYTES_MAX)


def keep_signature(folder: Path, drawn: str) -> str:
    """Store a signature drawn on the screen (base64 of a PNG) and return its SHA-256.

    Raises:
        UploadRefused: nothing was drawn, or it is not a PNG.
    """
    try:
        content = base64.b64decode(drawn, validate=True)
    except (binascii.Error, ValueError):
        raise UploadRefused("the signature is not a picture") from None
    return _keep(folder, content, SIGNATURE_BYTES_MAX)


def _keep(folder: Path, content: bytes, most: int) -> str:
    ending = next((ending for magic, ending in _KINDS if content.startswith(magic)), None)
    if ending is None or len(content) > most:
        raise UploadRefused("a photo is a JPEG or PNG of limited size")
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{digest}.{ending}"
    if not target.exists():
        target.write_bytes(content)
    return digest
