"""Reads codes in a photograph of unknown scale: a label held before a camera, a page scanned by hand.

Nothing is known of place, size or payload here, so nothing read this way may identify a piece on the line; it serves
hand stations and the comparison with other decoders. Engine defaults come first: on photographs every enhancement
loses more than it wins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vision import enhance
from vision.engines import Decoded, ZxingEngine
from vision.enhance import View
from vision.readings import Symbology

Gray = NDArray[np.uint8]

MODULE_GUESS_PX = 4.0
UEC_FLOOR = 0.0


def read_photograph(image: Gray, symbologies: Sequence[Symbology]) -> list[str]:
    """Return the values of all codes found by the first pass that finds any; [] for none.

    A later pass only runs when the earlier ones saw nothing, and the value of a linear code found by an enhanced pass
    must be found by two passes, for it has no error correction.
    """
    whole = View(image, np.eye(3)[:2])
    engine = ZxingEngine(thorough=True)
    found = _kept(engine.decode(image, symbologies))
    if found:
        return _texts(found)
    seen: list[Decoded] = []
    for view in (enhance.smoothed(whole), enhance.upscaled(whole), enhance.binarised(whole, MODULE_GUESS_PX)):
        for decoded in _kept(engine.decode(view.image, symbologies)):
            if decoded.symbology.is_matrix or decoded.payload in [other.payload for other in seen]:
                return [decoded.payload]
            seen.append(decoded)
    return []


def _kept(found: Sequence[Decoded]) -> list[Decoded]:
    return [d for d in found if d.unused_correction is None or d.unused_correction >= UEC_FLOOR]


def _texts(found: Sequence[Decoded]) -> list[str]:
    return list(dict.fromkeys(decoded.payload for decoded in found))
