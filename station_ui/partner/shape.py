"""Checks a request body against its schema in `openapi`. Pure; knows the few keywords that document uses and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from station_ui.partner.openapi import SCHEMAS

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
}


def fault_in(value: object, schema: Mapping[str, Any], where: str = "body") -> str | None:
    """Return the first fault of ``value``, with its place, or None."""
    if "$ref" in schema:
        return fault_in(value, SCHEMAS[schema["$ref"].rpartition("/")[2]], where)
    wanted = schema.get("type")
    if wanted and (not isinstance(value, _TYPES[wanted]) or (wanted == "integer" and isinstance(value, bool))):
        return f"{where} must be of type {wanted}"
    if isinstance(value, str):
        return _fault_in_text(value, schema, where)
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{where} is out of range"
    if isinstance(value, list):
        return _fault_in_list(value, schema, where)
    if isinstance(value, dict):
        return _fault_in_object(value, schema, where)
    return None


def _fault_in_text(value: str, schema: Mapping[str, Any], where: str) -> str | None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10_000):
        return f"{where} has the wrong length"
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern, value):
        return f"{where} has the wrong form"
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in value):
        return f"{where} holds a control character"
    return None


def _fault_in_list(value: list[object], schema: Mapping[str, Any], where: str) -> str | None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10_000):
        return f"{where} has too few or too many entries"
    faults = (fault_in(one, schema.get("items", {}), f"{where}[{index}]") for index, one in enumerate(value))
    return next((fault for fault in faults if fault), None)


def _fault_in_object(value: dict[str, object], schema: Mapping[str, Any], where: str) -> str | None:
    known: Mapping[str, Any] = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{where} needs {', '.join(missing)}"
    if schema.get("additionalProperties") is False and (unknown := sorted(set(value) - set(known))):
        return f"{where} does not know {unknown[0][:40]!r}"
    faults = (fault_in(one, known[name], f"{where}.{name}") for name, one in value.items() if name in known)
    return next((fault for fault in faults if fault), None)
