"""Pages as pictures, through pdfium: for previews, contact sheets and reports. Never part of printing."""

from __future__ import annotations

import io
from pathlib import Path


def rasterise(path: Path, dpi: int) -> list[bytes]:
    """Return every page of the PDF at ``path`` as a PNG."""
    import pypdfium2  # loads a large library that rendering itself does not need

    pages = []
    document = pypdfium2.PdfDocument(path)
    try:
        for page in document:
            picture = io.BytesIO()
            page.render(scale=dpi / 72).to_pil().save(picture, "PNG")
            pages.append(picture.getvalue())
            page.close()
    finally:
        document.close()
    return pages
