"""Pictures of pieces at the size of a list, made once for all screens.

A browser keeps what it has decoded: at full size a slow line's pictures filled a screen with 9 MB a second, until it had half a gigabyte.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

SIZE_PX: Final = (400, 200)
"""Twice the size at which lists show them, for screens with fine pixels."""
KEPT: Final = 256
QUALITY: Final = 82


def small_picture(path: Path) -> bytes | None:
    """Return the picture at ``path`` as a grey JPEG within `SIZE_PX`; None when there is none, or it is not written to its end yet."""
    try:
        return _shrunk(path, path.stat().st_mtime_ns)
    except OSError:  # Pillow's own errors about a broken picture are of this kind
        return None


@lru_cache(maxsize=KEPT)
def _shrunk(path: Path, _written_ns: int) -> bytes:
    with Image.open(path) as picture:
        picture.draft("L", SIZE_PX)
        grey = picture.convert("L")
    grey.thumbnail(SIZE_PX)
    made = BytesIO()
    grey.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()
