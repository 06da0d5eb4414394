"""QR code (ISO/IEC 18004): text or bytes in, square grid of modules out. A thin adapter of `segno`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rendering.symbols.errors import SymbolError


def qr(payload: str | bytes, *, version: int | None = None, level: str = "M") -> NDArray[np.uint8]:
    """Modules of a QR code, (n, n) uint8, 1 = dark, without the quiet zone of four modules.

    `version` 1..40 fixes the size, None takes the smallest; `level` is L, M, Q or H and is never raised silently.
    Raises SymbolError when the payload does not fit.
    """
    import segno  # heavy enough to keep out of the start of every command

    if not payload:
        raise SymbolError("QR: the payload is empty")
    try:
        code = segno.make_qr(payload, error=level, version=version, boost_error=False)
    except ValueError as error:
        raise SymbolError(f"QR: {error}") from None
    return np.array([[int(bool(module)) for module in row] for row in code.matrix], dtype=np.uint8)
