"""The one way this package compiles a hot loop: cached on disk, without the interpreter lock, without bounds checks.

A kernel is ordinary typed Python: with ``NUMBA_DISABLE_JIT=1`` it runs uncompiled, which is how its logic is debugged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_F = TypeVar("_F", bound=Callable[..., Any])


def kernel(function: _F) -> _F:
    """Compile ``function`` on its first call and keep the machine code beside the source for later processes."""
    return cast(_F, njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")(function))
