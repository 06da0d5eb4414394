"""What one step owes: collected while a word is heard, looked at when the step has been answered."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Duties:
    """``spoiled``: why nothing without a grant may count as good any more; ``unknown``: why no grant may stand.

    ``doubt``: (uid, why) that may not be good after this step; ``hold``: (tray, why) that must be on HOLD; ``look_for``: (tray, why) that
    must be on HOLD until somebody has looked for a piece of unknown exit; ``kinds``: (kind, piece,
    why) that must be among the records; ``silent``: a repeated word, which may change nothing.
    """

    spoiled: str = ""
    unknown: str = ""
    doubt: list[tuple[int, str]] = field(default_factory=list)
    hold: list[tuple[int, str]] = field(default_factory=list)
    look_for: list[tuple[int, str]] = field(default_factory=list)
    kinds: list[tuple[str, int, str]] = field(default_factory=list)
    abort: str = ""
    silent: bool = False

    def are_any(self) -> bool:
        """Return whether the word obliged to anything at all."""
        return bool(
            self.spoiled
            or self.unknown
            or self.doubt
            or self.hold
            or self.look_for
            or self.kinds
            or self.abort
            or self.silent
        )
