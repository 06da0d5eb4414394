"""The partner API as an OpenAPI 3.1 document. The request checks in `shape` read the same schemas: what is said here is what is enforced."""

from __future__ import annotations

from typing import Any, Final

ITEM: Final = {"type": "string", "pattern": "^[A-Z]{2}[0-9]{9}[A-Z]{2}$", "description": "Postal number (UPU S10)"}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[ -~]*[!-~][ -~]*$"}
_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": 999_999}
_TRAY: Final = {"type": "integer", "minimum": 1, "maximum": 999_999_999}

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Problem": {
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    },
    "Batch": {
        "type": "object",
        "required": ["batch", "state", "letters", "pieces", "balance"],
        "properties": {
            "batch": _NUMBER,
            "state": {"type": "string", "enum": ["OPEN", "CLOSED"]},
            "letters": {"type": "object", "additionalProperties": {"type": "integer"}},
            "pieces": {"type": "object", "additionalProperties": {"type": "integer"}},
            "balance": {"type": "integer", "description": "Pieces without a counted end; 0 when closed"},
        },
    },
    "Manifest": {
        "type": "object",
        "required": ["batch", "items", "sha256"],
        "properties": {
            "batch": _NUMBER,
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["item", "tray", "state"],
                    "properties": {"item": ITEM, "tray": _TRAY, "state": {"type": "string"}},
                },
            },
            "sha256": {
                "type": "string",
                "pattern": "^[0-9a-f]{64}$",
                "description": "Over the items, one a line, sorted",
            },
        },
    },
    "Acceptance": {
        "type": "object",
        "additionalProperties": False,
        "required": ["receipt"],
        "properties": {"receipt": _TEXT},
    },
    "Command": {
        "type": "object",
        "required": ["command", "answered"],
        "properties": {
            "command": {"type": "integer"},
            "answered": {"type": "boolean"},
            "answer": {"type": "string"},
            "why": {"type": "string"},
        },
    },
    "Tracking": {
        "type": "object",
        "additionalProperties": False,
        "required": ["events"],
        "properties": {
            "events": {
                "type": "array",
                "minItems": 1,
                "maxItems": 500,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["event_id", "item", "code", "at"],
                    "properties": {
                        "event_id": _TEXT,
                        "item": ITEM,
                        "code": {**_TEXT, "maxLength": 20},
                        "at": {
                            "type": "string",
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$",
                        },
                        "place": {"type": "string", "maxLength": 80},
                    },
                },
            }
        },
    },
    "TrackingAnswer": {
        "type": "object",
        "required": ["stored", "repeated", "unknown"],
        "properties": {
            "stored": {"type": "integer"},
            "repeated": {"type": "integer"},
            "unknown": {"type": "array", "items": {"type": "string"}},
        },
    },
    "Letter": {
        "type": "object",
        "required": ["item", "state", "tracking"],
        "properties": {
            "item": ITEM,
            "state": {"type": "string"},
            "tracking": {"type": "array", "items": {"type": "object"}},
        },
    },
    "Recall": {
        "type": "object",
        "additionalProperties": False,
        "required": ["reason"],
        "properties": {"reason": {**_TEXT, "minLength": 2}},
    },
    "Webhook": {
        "type": "object",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {"url": {"type": "string", "minLength": 10, "maxLength": 500}},
    },
    "WebhookMade": {
        "type": "object",
        "required": ["number", "url", "secret"],
        "properties": {"number": {"type": "integer"}, "url": {"type": "string"}, "secret": {"type": "string"}},
    },
}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [key], "properties": {key: {"type": "array", "items": schema}}}


_PROBLEM: Final = {"description": "Why not", "content": {"application/problem+json": {"schema": _ref("Problem")}}}
_BATCH_IN_PATH: Final = {"name": "batch", "in": "path", "required": True, "schema": _NUMBER}
_TRAY_IN_PATH: Final = {"name": "tray", "in": "path", "required": True, "schema": _TRAY}
_ITEM_IN_PATH: Final = {"name": "item", "in": "path", "required": True, "schema": ITEM}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key with the same body is answered the same and acts once",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,80}$"},
}


def _act(
    summary: str,
    scope: str,
    ok: dict[str, Any],
    *,
    status: str = "200",
    parameters: list[Any] | None = None,
    body: str = "",
) -> dict[str, Any]:
    refusals = ["400", "401", "403", "404", "429"] + (["409", "413", "415", "422"] if body else [])
    operation: dict[str, Any] = {
        "summary": summary,
        "security": [{"token": []}],
        "x-scope": scope,
        "parameters": parameters or [],
        "responses": {
            status: {"description": "Done", "content": {"application/json": {"schema": ok}}},
            **dict.fromkeys(refusals, _PROBLEM),
        },
    }
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return operation


_NUMBER_IN_PATH: Final = {
    "name": "number",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 10**9},
}

PATHS: Final[dict[str, dict[str, Any]]] = {
    "/batches": {"get": _act("Batches this partner may see", "manifest:read", _list_of("batches", _ref("Batch")))},
    "/batches/{batch}": {"get": _act("One batch", "manifest:read", _ref("Batch"), parameters=[_BATCH_IN_PATH])},
    "/batches/{batch}/manifest": {
        "get": _act(
            "Exactly the passed pieces of closed trays", "manifest:read", _ref("Manifest"), parameters=[_BATCH_IN_PATH]
        )
    },
    "/batches/{batch}/trays/{tray}/acceptance": {
        "post": _act(
            "The post has the tray",
            "ack:write",
            _ref("Command"),
            status="202",
            parameters=[_BATCH_IN_PATH, _TRAY_IN_PATH, _KEY],
            body="Acceptance",
        )
    },
    "/tracking": {
        "post": _act(
            "Upload tracking events", "tracking:write", _ref("TrackingAnswer"), parameters=[_KEY], body="Tracking"
        )
    },
    "/letters/{item}": {
        "get": _act("One letter and its tracking", "manifest:read", _ref("Letter"), parameters=[_ITEM_IN_PATH])
    },
    "/letters/{item}/recall": {
        "post": _act(
            "Ask a letter back",
            "recall:write",
            _ref("Command"),
            status="202",
            parameters=[_ITEM_IN_PATH, _KEY],
            body="Recall",
        )
    },
    "/commands/{number}": {
        "get": _act("What became of a request", "manifest:read", _ref("Command"), parameters=[_NUMBER_IN_PATH])
    },
    "/webhooks": {
        "get": _act(
            "Webhooks of this partner",
            "webhooks",
            _list_of(
                "webhooks",
                {
                    "type": "object",
                    "required": ["number", "url"],
                    "properties": {"number": {"type": "integer"}, "url": {"type": "string"}},
                },
            ),
        ),
        "post": _act(
            "Register a webhook", "webhooks", _ref("WebhookMade"), status="201", parameters=[_KEY], body="Webhook"
        ),
    },
    "/webhooks/{number}": {
        "delete": {
            **_act("Stop a webhook", "webhooks", {}, parameters=[_NUMBER_IN_PATH]),
            "responses": {
                "204": {"description": "Stopped"},
                **dict.fromkeys(["400", "401", "403", "404", "429"], _PROBLEM),
            },
        }
    },
}


def document(base: str) -> dict[str, Any]:
    """Return the OpenAPI document with ``base`` as the server."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Letterline partner API",
            "version": "1",
            "description": "Manifests, acceptance, tracking and recall for one partner. Webhooks carry `Letterline-Signature: t=…,v1=…`, "
            "the HMAC-SHA256 of `t.body` with the secret of the webhook.",
        },
        "servers": [{"url": base}],
        "paths": PATHS,
        "components": {"schemas": SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
