"""The two independent decoders, zxing-cpp and zbar, behind one small protocol.

They share no code (different authors, different scan strategies), which is what makes one a witness of the other.
Both are told exactly which symbologies to look for: an unrestricted decoder finds phantom codes in Chinese text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from pyzbar import pyzbar

from vision.readings import Corners, Symbology

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One raw decode in the coordinates of the image the engine was given."""

    payload: str
    symbology: Symbology
    corners: Corners
    unused_correction: float | None


class Engine(Protocol):
    """Decodes one grey image; ``name`` travels with each reading."""

    @property
    def name(self) -> str: ...

    def reads(self, symbology: Symbology) -> bool: ...

    def decode(self, image: Gray, symbologies: Sequence[Symbology]) -> list[Decoded]: ...


_ZXING = {
    Symbology.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
    Symbology.CODE_128: zxingcpp.BarcodeFormat.Code128,
    Symbology.ITF: zxingcpp.BarcodeFormat.ITF,
}
_ZBAR = {
    Symbology.QR: pyzbar.ZBarSymbol.QRCODE,
    Symbology.CODE_128: pyzbar.ZBarSymbol.CODE128,
    Symbology.ITF: pyzbar.ZBarSymbol.I25,
}


class ZxingEngine:
    """zxing-cpp. ``thorough`` adds rotation, downscaling and inversion: 3-5 times slower, for odd frames only.

    ``one_threshold`` binarises with one level for the whole image instead of one per neighbourhood: half the time, and
    as good where the light is even.
    """

    def __init__(self, *, thorough: bool = False, one_threshold: bool = False) -> None:
        self.name = "zxing-cpp"
        self._thorough = thorough
        kinds = zxingcpp.Binarizer
        self._binarizer = kinds.GlobalHistogram if one_threshold else kinds.LocalAverage

    def reads(self, symbology: Symbology) -> bool:
        """All four symbologies."""
        return symbology in _ZXING

    def decode(self, image: Gray, symbologies: Sequence[Symbology]) -> list[Decoded]:
        """Return every symbol found, in the engine's own order."""
        formats = zxingcpp.BarcodeFormats([_ZXING[name] for name in symbologies])
        found = zxingcpp.read_barcodes(
            image,
            formats=formats,
            try_rotate=self._thorough,
            try_downscale=self._thorough,
            try_invert=self._thorough,
            binarizer=self._binarizer,
            text_mode=zxingcpp.TextMode.Plain,
        )
        return [self.decoded(barcode) for barcode in found]

    @staticmethod
    def decoded(barcode: zxingcpp.Barcode) -> Decoded:
        place = barcode.position
        corners = tuple(
            (float(p.x), float(p.y)) for p in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        )
        extra = barcode.extra if isinstance(barcode.extra, dict) else {}
        unused = extra.get("UEC")
        symbology = next(name for name, form in _ZXING.items() if form == barcode.symbology or form == barcode.format)
        return Decoded(
            payload=barcode.text,
            symbology=symbology,
            corners=(corners[0], corners[1], corners[2], corners[3]),
            unused_correction=None if unused is None else float(unused),
        )


class ZbarEngine:
    """zbar through pyzbar. Reads no Data Matrix, and is blind in noise unless the image is smoothed first."""

    name = "zbar"

    def reads(self, symbology: Symbology) -> bool:
        """Code 128, QR and ITF."""
        return symbology in _ZBAR

    def decode(self, image: Gray, symbologies: Sequence[Symbology]) -> list[Decoded]:
        """Return every symbol found. A fault inside zbar counts as nothing found: it has crashed on odd symbols."""
        wanted = [_ZBAR[name] for name in symbologies if name in _ZBAR]
        if not wanted:
            return []
        try:
            found = pyzbar.decode(np.ascontiguousarray(image), symbols=wanted)
        except (ValueError, pyzbar.PyZbarError):
            return []
        return [self._decoded(symbol) for symbol in found]

    @staticmethod
    def _decoded(symbol: pyzbar.Decoded) -> Decoded:
        left, top, width, height = symbol.rect
        right, bottom = left + width, top + height
        symbology = next(name for name, kind in _ZBAR.items() if kind.name == symbol.type)
        return Decoded(
            payload=symbol.data.decode("utf-8", "replace"),
            symbology=symbology,
            corners=((left, top), (right, top), (right, bottom), (left, bottom)),
            unused_correction=None,
        )


def decode_pure(bits: NDArray[np.uint8], symbology: Symbology) -> Decoded | None:
    """Decode a clean module picture (1 dark, one pixel a module, no quiet zone) with zxing-cpp; corners are modules."""
    quiet = 2
    picture = np.pad(np.where(bits > 0, 0, 255).astype(np.uint8), quiet, constant_values=255)
    scaled = np.repeat(np.repeat(picture, 3, axis=0), 3, axis=1)
    found = zxingcpp.read_barcodes(
        scaled,
        formats=zxingcpp.BarcodeFormats([_ZXING[symbology]]),
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        is_pure=True,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
        text_mode=zxingcpp.TextMode.Plain,
    )
    good = [barcode for barcode in found if barcode.valid]
    return ZxingEngine.decoded(good[0]) if good else None
