"""What the page shows of the line at one moment, as plain values. Pure reading; call it in the machine's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.plant import Plant


def snapshot(plant: Plant) -> dict[str, object]:
    """Return the state of printers, machine, tokens, trays, bin, cameras and defects."""
    firmware = plant.device.firmware
    path = firmware.path
    now_us = firmware.timers.now_us
    return {
        "scenario": plant.scenario.name,
        "title": plant.scenario.title,
        "speed": plant.speed,
        "t": plant.journal.elapsed_s(),
        "printers": [
            {
                "name": printer.name,
                "queued": printer.queued(),
                "reasons": sorted(printer.trouble.reasons),
                "jobs": [
                    {"job": job.name, "done": job.sheets_done, "of": (job.impressions + job.duplex) // (1 + job.duplex)}
                    for job in printer.jobs(finished=False)[:3]
                ],
            }
            for printer in plant.printers
        ],
        "waiting_stacks": [{"job": stack.job, "sheets": len(stack.sheets)} for stack in list(plant.operator.stacks)],
        "feeder": {"job": path.stack.job if path.stack else "", "sheets": len(path.stack.sheets) if path.stack else 0},
        "machine": {
            "state": firmware.state.name,
            "reason": firmware.reason.name,
            "mode": firmware.mode.name,
            "epoch": firmware.epoch,
            "interlocks": [reason.name for reason in firmware.interlocks],
            "belt": firmware.timers.belt_runs,
            "session": plant.device.wire.has_session,
            "plugged": plant.device.port.is_plugged,
            "ring": len(firmware.ring.pending),
            "limit": path.feed_limit,
        },
        "tokens": {str(piece_no): round((until - now_us) / 1000) for piece_no, until in firmware.tokens().items()},
        "tray": {"announced": path.tray, "standing": path.standing_tray or path.tray, "count": path.tray_count},
        "bin": path.bin_count,
        "to_scan": plant.desk.waiting(),
        "defects": plant.defects.present(),
    }
