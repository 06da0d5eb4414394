"""Faces of letters: which installed font draws which character, how wide it is, and what goes into the PDF.

A `FontChain` is one face (song, hei, kai, fang) with the fonts it falls back to; `FontChain.subset` makes the
embedded programs of one batch. Nothing here breaks lines, knows a template or writes a PDF object.
"""

from rendering.fonts.catalog import Face
from rendering.fonts.chain import MISSING, FontChain
from rendering.fonts.errors import FontError
from rendering.fonts.subset import TABLE_SIZE, ChainSubset, EmbeddedFont

__all__ = ["MISSING", "TABLE_SIZE", "ChainSubset", "EmbeddedFont", "Face", "FontChain", "FontError"]
