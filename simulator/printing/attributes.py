"""What the virtual printer says of itself and its jobs, as IPP attributes. Pure. Source: RFC 8011, sections 5.3 and 5.4; PWG 5100.14."""

from __future__ import annotations

from simulator.printing.ipp import Attribute, Attributes, Operation, Tag, Value
from simulator.printing.printer import Job, JobState, Printer

FORMATS = ("application/pdf", "application/octet-stream")
SIDES = ("one-sided", "two-sided-long-edge", "two-sided-short-edge")
COMPRESSIONS = ("none", "gzip")


def _one(tag: int, *values: Value) -> Attribute:
    return Attribute(tag, values)


def _media_col() -> dict[str, Attribute]:
    size: dict[str, Attribute] = {
        "x-dimension": _one(Tag.INTEGER, 21000),
        "y-dimension": _one(Tag.INTEGER, 29700),
    }
    sides = {f"media-{side}-margin": _one(Tag.INTEGER, 0) for side in ("top", "bottom", "left", "right")}
    return {"media-size": _one(Tag.COLLECTION, size), **sides}


def printer_attributes(printer: Printer, uri: str) -> Attributes:
    """Return all printer attributes."""
    reasons = sorted(printer.trouble.reasons) or ["none"]
    state = 5 if reasons != ["none"] else 4 if printer.is_busy() else 3
    return {
        "charset-configured": _one(Tag.CHARSET, "utf-8"),
        "charset-supported": _one(Tag.CHARSET, "utf-8"),
        "color-supported": _one(Tag.BOOLEAN, False),
        "compression-supported": _one(Tag.KEYWORD, *COMPRESSIONS),
        "document-format-default": _one(Tag.MIME, FORMATS[0]),
        "document-format-supported": _one(Tag.MIME, *FORMATS),
        "generated-natural-language-supported": _one(Tag.LANGUAGE, "en"),
        "ipp-features-supported": _one(Tag.KEYWORD, "none"),
        "ipp-versions-supported": _one(Tag.KEYWORD, "1.1", "2.0"),
        "job-creation-attributes-supported": _one(Tag.KEYWORD, "copies", "media", "media-col", "sides"),
        "copies-default": _one(Tag.INTEGER, 1),
        "copies-supported": _one(Tag.RANGE, (1, 1)),
        "finishings-default": _one(Tag.ENUM, 3),
        "finishings-supported": _one(Tag.ENUM, 3),
        "media-default": _one(Tag.KEYWORD, "iso_a4_210x297mm"),
        "media-ready": _one(Tag.KEYWORD, "iso_a4_210x297mm"),
        "media-supported": _one(Tag.KEYWORD, "iso_a4_210x297mm"),
        "media-col-default": _one(Tag.COLLECTION, _media_col()),
        "media-col-ready": _one(Tag.COLLECTION, _media_col()),
        "media-col-supported": _one(Tag.KEYWORD, "media-size", "media-top-margin", "media-bottom-margin"),
        "media-left-margin-supported": _one(Tag.INTEGER, 0),
        "media-right-margin-supported": _one(Tag.INTEGER, 0),
        "media-top-margin-supported": _one(Tag.INTEGER, 0),
        "media-bottom-margin-supported": _one(Tag.INTEGER, 0),
        "multiple-document-jobs-supported": _one(Tag.BOOLEAN, False),
        "multiple-operation-time-out": _one(Tag.INTEGER, 60),
        "multiple-operation-time-out-action": _one(Tag.KEYWORD, "abort-job"),
        "natural-language-configured": _one(Tag.LANGUAGE, "en"),
        "operations-supported": _one(Tag.ENUM, *(int(operation) for operation in Operation)),
        "orientation-requested-default": _one(Tag.ENUM, 3),
        "orientation-requested-supported": _one(Tag.ENUM, 3),
        "output-bin-default": _one(Tag.KEYWORD, "face-up"),
        "output-bin-supported": _one(Tag.KEYWORD, "face-up"),
        "pages-per-minute": _one(Tag.INTEGER, round(printer.sheets_per_s * 120)),
        "pdl-override-supported": _one(Tag.KEYWORD, "not-attempted"),
        "print-color-mode-default": _one(Tag.KEYWORD, "monochrome"),
        "print-color-mode-supported": _one(Tag.KEYWORD, "monochrome"),
        "print-quality-default": _one(Tag.ENUM, 4),
        "print-quality-supported": _one(Tag.ENUM, 4),
        "printer-device-id": _one(Tag.TEXT, "MFG:Letterline;MDL:SIMULATED printer;CMD:PDF;"),
        "printer-info": _one(Tag.TEXT, f"SIMULATED 模拟 {printer.name}"),
        "printer-is-accepting-jobs": _one(Tag.BOOLEAN, True),
        "printer-location": _one(Tag.TEXT, "SIMULATED line 模拟生产线"),
        "printer-make-and-model": _one(Tag.TEXT, "Letterline SIMULATED printer"),
        "printer-more-info": _one(Tag.URI, uri.replace("ipp://", "http://")),
        "printer-name": _one(Tag.NAME, printer.name),
        "printer-resolution-default": _one(Tag.RESOLUTION, (600, 600, 3)),
        "printer-resolution-supported": _one(Tag.RESOLUTION, (600, 600, 3)),
        "printer-state": _one(Tag.ENUM, state),
        "printer-state-message": _one(Tag.TEXT, "" if reasons == ["none"] else ", ".join(reasons)),
        "printer-state-reasons": _one(Tag.KEYWORD, *reasons),
        "printer-up-time": _one(Tag.INTEGER, printer.up_time_s()),
        "printer-uri-supported": _one(Tag.URI, uri),
        "queued-job-count": _one(Tag.INTEGER, printer.queued()),
        "sides-default": _one(Tag.KEYWORD, SIDES[1]),
        "sides-supported": _one(Tag.KEYWORD, *SIDES),
        "uri-authentication-supported": _one(Tag.KEYWORD, "none"),
        "uri-security-supported": _one(Tag.KEYWORD, "none"),
        "which-jobs-supported": _one(Tag.KEYWORD, "completed", "not-completed"),
    }


def job_attributes(job: Job, printer: Printer, uri: str) -> Attributes:
    """Return all attributes of one job."""
    state, reason = job.state, job.reason
    if state is JobState.PROCESSING and printer.trouble.reasons:
        state, reason = JobState.STOPPED, "printer-stopped"

    def moment(at_s: int | None) -> Attribute:
        return _one(Tag.NO_VALUE, b"") if at_s is None else _one(Tag.INTEGER, at_s)

    return {
        "job-id": _one(Tag.INTEGER, job.job_id),
        "job-uri": _one(Tag.URI, f"{uri}/{job.job_id}"),
        "job-printer-uri": _one(Tag.URI, uri),
        "job-name": _one(Tag.NAME, job.name),
        "job-originating-user-name": _one(Tag.NAME, job.user),
        "job-state": _one(Tag.ENUM, int(state)),
        "job-state-reasons": _one(Tag.KEYWORD, reason),
        "job-impressions": _one(Tag.INTEGER, job.impressions),
        "job-impressions-completed": _one(Tag.INTEGER, job.impressions_done),
        "job-media-sheets-completed": _one(Tag.INTEGER, job.sheets_done),
        "job-printer-up-time": _one(Tag.INTEGER, printer.up_time_s()),
        "time-at-creation": moment(job.created_s),
        "time-at-processing": moment(job.processing_s),
        "time-at-completed": moment(job.finished_s),
    }


_JOB_TEMPLATE = frozenset({"copies", "finishings", "media", "orientation-requested", "print-quality", "sides"})


def choose(attributes: Attributes, requested: Attribute | None, default: tuple[str, ...] = ("all",)) -> Attributes:
    """Return those attributes the request asked for (RFC 8011, section 4.2.5.1)."""
    names = {str(value) for value in requested.values} if requested else set(default)
    if names & {"all", "printer-description", "job-description", "job-status", "printer-status"}:
        return attributes
    if "job-template" in names:
        names |= {name for name in attributes if name.rpartition("-")[0] in _JOB_TEMPLATE}
    return {name: attribute for name, attribute in attributes.items() if name in names}
