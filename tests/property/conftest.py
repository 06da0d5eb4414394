"""No example of a property is timed: how long one takes says how busy the machine is. Properties share the unit tests' made-up letters."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

settings.register_profile("letterline", deadline=None)
settings.load_profile("letterline")

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
