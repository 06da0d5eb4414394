"""Bar codes and marks as grids of modules: payload in, arrays of 0 and 1 out.

Nothing here knows what a payload means, how large a module is on paper or what a PDF is: callers scale the
grid and keep the quiet zone. `rendering.symbols.kernels` holds the compiled twins that the hot loop calls;
the functions below are their specification in plain Python.
"""

from rendering.symbols.code128 import code128
from rendering.symbols.datamatrix import DATAMATRIX_SIZES, datamatrix
from rendering.symbols.errors import SymbolError
from rendering.symbols.omr import OmrTrack, omr, sheet_bits, track_grid
from rendering.symbols.qr import qr

__all__ = [
    "DATAMATRIX_SIZES",
    "OmrTrack",
    "SymbolError",
    "code128",
    "datamatrix",
    "omr",
    "qr",
    "sheet_bits",
    "track_grid",
]
