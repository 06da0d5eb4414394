"""Faces of letters: which installed font draws which character, how wide it is, and what goes into the PDF.

A `FontChain` is one face (song, hei, kai, fang) with the fonts it falls back to; `FontChain.subset` makes the
embedded programs of one batch. Nothing here breaks lines, knows a template or writes a PDF object.
"""

from rendering.fonts.chain import MISSING, Face, FontChain, FontError
from rendering.fonts.subset import ChainSubset, EmbeddedFont

__all__ = ["MISSING", "ChainSubset", "EmbeddedFont", "Face", "FontChain", "FontError"]
