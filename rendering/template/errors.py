"""The refusal of a template: which file, which line, why."""

from __future__ import annotations


class TemplateError(Exception):
    """A template cannot be used. ``line`` counts from 1; 0 means the whole file."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason
