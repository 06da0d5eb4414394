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
from numba.core import types
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.np import arrayobj


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[no-untyped-call]
class _LoweringWithoutWraparound(NativeLowering):
    """Numba's translation to machine code, but an index is taken as it is.

    Python counts negative indices from the end, so numba looks at the sign of every index it cannot prove positive: four more
    instructions for each byte written. No kernel of this package has a negative index. Numba's lock on compiling makes
    the exchange safe.
    """

    _name = "lowering_without_wraparound"

    def run_pass(self, state: Any) -> bool:
        usual = arrayobj.fix_integer_index
        arrayobj.fix_integer_index = _index_as_it_is
        try:
            return bool(super().run_pass(state))  # type: ignore[no-untyped-call]
        finally:
            arrayobj.fix_integer_index = usual


def _index_as_it_is(context: Any, builder: Any, kind: Any, index: Any, _size: Any) -> Any:
    return context.cast(builder, index, kind, types.intp if kind.signed else types.uintp)


class _KernelCompiler(Compiler):
    """Numba's compiler with that one pass exchanged."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)  # type: ignore[no-untyped-call]
        passes.passes = [
            (_LoweringWithoutWraparound if kind is NativeLowering else kind, words) for kind, words in passes.passes
        ]
        passes.finalize()
        return [passes]


_OPTIONS: Final[dict[str, Any]] = {
    "pipeline_class": _KernelCompiler,
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
