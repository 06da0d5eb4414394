"""No example of a property is timed: how long one takes says how busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("letterline", deadline=None)
settings.load_profile("letterline")
