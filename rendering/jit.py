"""The one way this package compiles a hot loop: cached on disk, without the interpreter lock, without bounds checks.

A kernel is ordinary typed Python: with ``NUMBA_DISABLE_JIT=1`` it runs uncompiled, which is how its logic is debugged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from numba import njit

_OPTIONS: Final[dict[str, Any]] = {
    "cache": True,
    "nogil": True,
    "boundscheck": False,
    "error_model": "numpy",
    "_nrt": False,
}
_F = TypeVar("_F", bound=Callable[..., Any])


@cache
def _sources_digest() -> str:
    """Digest of every module that holds kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        text = path.read_bytes()
        if any(mark in text for mark in (b"@kernel", b"@inlined", b"@njit")):
            digest.update(path.name.encode() + text)
    return digest.hexdigest()


def kernel(function: _F) -> _F:
    """Compile ``function`` on its first call and keep the machine code beside the source for later processes.

    A kernel works in arrays it is given and makes none, so reference counting is off: counting the arrays of the argument
    tuples on every call took four fifths of the time.

    Numba looks only at a kernel's own file to decide whether its stored machine code is still good, but kernels of other
    files are compiled into it. So the stamp covers all of them: after any change everything is compiled anew.
    """
    return _compiled(function, forceinline=False)


def inlined(function: _F) -> _F:
    """A `kernel` that becomes part of its callers.

    A call hands over every array of the argument tuples, some two kilobytes: a small function called for each line or
    run of characters must not be called.
    """
    return _compiled(function, forceinline=True)


def _compiled(function: _F, forceinline: bool) -> _F:
    compiled = cast(Any, njit)(**_OPTIONS, forceinline=forceinline)(function)
    stored = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if stored is not None and hasattr(stored, "_source_stamp"):
        stored._source_stamp = _sources_digest()  # noqa: SLF001 - numba offers no public way
    return cast(_F, compiled)
