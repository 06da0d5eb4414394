"""Letters to imposed PDF chunks: templates, typography, codes, imposition, preflight.

It never knows what a payload means, never reads a ledger, a clock or a device, and never decides whether a letter may be
printed: it reports defects and the caller holds the letter. Lengths are mm from the top left of the sheet, y down; only
``rendering.pdf`` knows points.
"""

from __future__ import annotations

from rendering.columns import Columns
from rendering.measuring import MeasuredRun
from rendering.model import Chunk, Codes, Defect, DefectCode, Letter, Measured, RenderedLetter
from rendering.renderer import Renderer, RenderError
from rendering.template import Template, TemplateError, choose_template, load_template

__all__ = [
    "Chunk",
    "Codes",
    "Columns",
    "Defect",
    "DefectCode",
    "Letter",
    "Measured",
    "MeasuredRun",
    "RenderError",
    "RenderedLetter",
    "Renderer",
    "Template",
    "TemplateError",
    "choose_template",
    "load_template",
]
