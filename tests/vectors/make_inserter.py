"""Writes ``inserter.jsonl``: frames of docs/protocols/inserter.md section 5 as hex, with their meaning.

A third implementation, as plain as possible (CRC bit by bit, COBS byte by byte), so that neither the driver's codec nor the simulator's judges itself.
Run it by hand after a change of the document: ``python tests/vectors/make_inserter.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

TYPES = {"HELLO": 1, "COMMAND": 2, "EVENT": 3, "ACK": 4, "BEAT": 5, "NAK": 6, "RESULT": 7}

# name, type, epoch, seq, ack, payload as [width in bytes, value] in order, what it says
GOOD: list[tuple[str, str, int, int, int, list[tuple[int, int]], str]] = [
    (
        "host greets an unknown device",
        "HELLO",
        0,
        0,
        0,
        [(1, 1), (8, 0x0123456789ABCDEF), (4, 0), (2, 0)],
        "role 1, session, last_event 0, boot_epoch 0",
    ),
    (
        "host greets the boot it knows",
        "HELLO",
        7,
        0,
        0,
        [(1, 1), (8, 1), (4, 4711), (2, 7)],
        "last_event 4711 of boot 7 is durable",
    ),
    (
        "device answers",
        "HELLO",
        7,
        4712,
        0,
        [(1, 2), (8, 1), (4, 4720), (2, 7)],
        "session echoed, events 4712 to 4720 are held",
    ),
    ("device has booted", "HELLO", 8, 1, 0, [(1, 2), (8, 0), (4, 1), (2, 8)], "session 0: said by itself"),
    ("packml start", "COMMAND", 7, 1, 4711, [(1, 1), (8, 0x1122334455667788), (1, 2)], "PACKML Start"),
    ("sheet 12 ends its set", "COMMAND", 7, 2, 4711, [(1, 2), (8, 2), (2, 7), (4, 12), (1, 1)], "END_SET"),
    ("sheet 13 does not end its set", "COMMAND", 7, 3, 4711, [(1, 2), (8, 3), (2, 7), (4, 13), (1, 0)], "END_SET"),
    (
        "piece 9 may pass",
        "COMMAND",
        7,
        4,
        4715,
        [(1, 3), (8, 4), (2, 7), (4, 9), (8, 123456000012301), (8, 98765432109)],
        "GRANT epoch 7 piece 9 uid 123456000012301 until 98765432109",
    ),
    (
        "the largest values",
        "COMMAND",
        0xFFFF,
        0xFFFFFFFF,
        0xFFFFFFFF,
        [(1, 3), (8, 2**64 - 1), (2, 0xFFFF), (4, 2**32 - 1), (8, 2**64 - 1), (8, 2**64 - 1)],
        "GRANT, all ones",
    ),
    ("piece 9 may not pass", "COMMAND", 7, 5, 4715, [(1, 4), (8, 5), (2, 7), (4, 9)], "REVOKE"),
    ("mode production", "COMMAND", 7, 6, 4715, [(1, 5), (8, 6), (1, 1)], "MODE"),
    ("feed without limit", "COMMAND", 7, 7, 4715, [(1, 6), (8, 7), (2, 7), (4, 0xFFFFFFFF)], "FEED_LIMIT none"),
    ("tray 3 is in place", "COMMAND", 7, 8, 4715, [(1, 7), (8, 8), (4, 3)], "SET_TRAY"),
    ("ok", "RESULT", 7, 4, 4, [(8, 4), (1, 0)], "command 4, id 4: OK"),
    ("too late", "RESULT", 7, 4, 4, [(8, 4), (1, 3)], "command 4, id 4: TOO_LATE"),
    (
        "state execute",
        "EVENT",
        7,
        1,
        0,
        [(1, 1), (4, 1), (8, 1000), (1, 6), (1, 1), (2, 0)],
        "STATE Execute, Production, no reason",
    ),
    (
        "aborted by the watchdog",
        "EVENT",
        7,
        2,
        0,
        [(1, 1), (4, 2), (8, 2000), (1, 9), (1, 1), (2, 2)],
        "STATE Aborted WATCHDOG",
    ),
    (
        "a sheet",
        "EVENT",
        7,
        3,
        0,
        [(1, 2), (4, 3), (8, 3000), (4, 12), (2, 1), (4, 12), (2, 104), (1, 0)],
        "SHEET 12 of stack 1, C1 trigger 12, 104 um",
    ),
    (
        "a double sheet",
        "EVENT",
        7,
        4,
        0,
        [(1, 2), (4, 4), (8, 4000), (4, 13), (2, 1), (4, 13), (2, 208), (1, 1)],
        "SHEET 13, double-sheet sensor fired",
    ),
    ("a stack begins", "EVENT", 7, 5, 0, [(1, 3), (4, 5), (8, 5000), (2, 2), (1, 1)], "STACK 2 loaded"),
    ("a stack ends", "EVENT", 7, 6, 0, [(1, 3), (4, 6), (8, 6000), (2, 2), (1, 2)], "STACK 2 ended"),
    (
        "a piece",
        "EVENT",
        7,
        7,
        0,
        [(1, 4), (4, 7), (8, 7000), (4, 9), (4, 12), (4, 13), (1, 0)],
        "PIECE 9 of sheets 12 to 13",
    ),
    (
        "an undecided piece",
        "EVENT",
        7,
        8,
        0,
        [(1, 4), (4, 8), (8, 8000), (4, 10), (4, 14), (4, 14), (1, 1)],
        "PIECE 10, UNDECIDED",
    ),
    (
        "a piece at the exit",
        "EVENT",
        7,
        9,
        0,
        [(1, 5), (4, 9), (8, 9000), (4, 9), (4, 9), (8, 309000), (4, 14970)],
        "EXIT_SHOT piece 9, trigger 9, gate at 309000, 14.97 g",
    ),
    (
        "gate passes",
        "EVENT",
        7,
        10,
        0,
        [(1, 6), (4, 10), (8, 309000), (4, 9), (1, 1), (1, 0)],
        "GATE piece 9 pass by token",
    ),
    (
        "gate rejects",
        "EVENT",
        7,
        11,
        0,
        [(1, 6), (4, 11), (8, 409000), (4, 10), (1, 0), (1, 2)],
        "GATE piece 10 reject, expired",
    ),
    (
        "tray eye",
        "EVENT",
        7,
        12,
        0,
        [(1, 7), (4, 12), (8, 500000), (4, 9), (4, 3), (4, 1)],
        "TRAY_EYE piece 9, tray 3, count 1",
    ),
    (
        "a foreign piece in the tray",
        "EVENT",
        7,
        13,
        0,
        [(1, 7), (4, 13), (8, 500001), (4, 0), (4, 3), (4, 2)],
        "TRAY_EYE nothing expected",
    ),
    ("reject eye", "EVENT", 7, 14, 0, [(1, 8), (4, 14), (8, 600000), (4, 10), (4, 1)], "REJECT_EYE piece 10, count 1"),
    (
        "exit to the tray",
        "EVENT",
        7,
        15,
        0,
        [(1, 9), (4, 15), (8, 700000), (4, 9), (1, 1), (1, 0)],
        "EXIT piece 9: tray",
    ),
    (
        "jam in the fold",
        "EVENT",
        7,
        16,
        0,
        [(1, 10), (4, 16), (8, 800000), (2, 4), (1, 4), (1, 1)],
        "FAULT JAM zone 4 came",
    ),
    ("tray taken away", "EVENT", 7, 17, 0, [(1, 11), (4, 17), (8, 900000), (4, 3), (1, 0)], "TRAY 3 not present"),
    (
        "two removed from the accumulator",
        "EVENT",
        7,
        18,
        0,
        [(1, 12), (4, 18), (8, 950000), (1, 3), (1, 2)],
        "REMOVED zone 3, 2",
    ),
    (
        "postage printed",
        "EVENT",
        7,
        19,
        0,
        [(1, 13), (4, 19), (8, 960000), (4, 9), (4, 120), (1, 1)],
        "POSTAGE piece 9: 1.20 printed and booked",
    ),
    (
        "postage refused",
        "EVENT",
        7,
        20,
        0,
        [(1, 13), (4, 20), (8, 970000), (4, 10), (4, 0), (1, 0)],
        "POSTAGE piece 10: refused, nothing printed",
    ),
    (
        "postage of an amount nobody confirms",
        "EVENT",
        7,
        21,
        0,
        [(1, 13), (4, 21), (8, 980000), (4, 11), (4, 65536), (1, 2)],
        "POSTAGE piece 11: printed, 655.36 not confirmed",
    ),
    ("acknowledgement", "ACK", 7, 0, 18, [], "events to 18 are durable"),
    ("beat of the host", "BEAT", 7, 0, 18, [(8, 123456789), (8, 0)], "host time, 0"),
    ("beat of the device", "BEAT", 7, 0, 8, [(8, 123456789), (8, 5123456789)], "host time back, device time"),
    ("not acknowledged", "NAK", 7, 0, 8, [(4, 9)], "waits for command 9"),
    (
        "a long payload without zeros",
        "EVENT",
        0x0101,
        0x01010101,
        0x01010101,
        [(1, 0x55)] * 480,
        "480 bytes, the most there may be",
    ),
    ("a long payload of zeros", "EVENT", 7, 1, 0, [(1, 0)] * 480, "480 zeros"),
]


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            low = (crc ^ (byte >> bit)) & 1
            crc = (crc >> 1) ^ (0x82F63B78 if low else 0)
    return crc ^ 0xFFFFFFFF


def cobs(data: bytes) -> bytes:
    out, run = bytearray(), bytearray()
    closing = True
    for byte in data:
        closing = True
        if byte:
            run.append(byte)
            if len(run) == 254:
                out += bytes([255]) + run
                run.clear()
                closing = False
        else:
            out += bytes([len(run) + 1]) + run
            run.clear()
    return bytes(out + bytes([len(run) + 1]) + run if closing else out)


def plain(kind: int, epoch: int, seq: int, ack: int, payload: bytes, version: int = 1) -> bytes:
    head = b"".join(
        value.to_bytes(width, "little")
        for width, value in [(1, version), (1, kind), (2, epoch), (4, seq), (4, ack), (2, len(payload))]
    )
    return head + payload


def sealed(body: bytes) -> bytes:
    return cobs(body + crc32c(body).to_bytes(4, "little")) + b"\0"


def bad() -> list[dict[str, object]]:
    body = plain(4, 7, 0, 18, b"")
    wrong_crc = cobs(body + (crc32c(body) ^ 1).to_bytes(4, "little")) + b"\0"
    wire = sealed(body)
    return [
        {"name": "nothing between two delimiters", "hex": "00"},
        {"name": "wrong checksum", "hex": wrong_crc.hex()},
        {"name": "version 2", "hex": sealed(plain(4, 7, 0, 18, b"", version=2)).hex()},
        {"name": "unknown type 8", "hex": sealed(plain(8, 7, 0, 18, b"")).hex()},
        {"name": "length says more than there is", "hex": sealed(plain(4, 7, 0, 18, b"")[:-2] + b"\x01\x00").hex()},
        {
            "name": "length says less than there is",
            "hex": sealed(plain(4, 7, 0, 18, b"abc")[:-5] + b"\x01\x00abc").hex(),
        },
        {"name": "payload of 481 bytes", "hex": sealed(plain(3, 7, 1, 0, b"\x55" * 481)).hex()},
        {"name": "cut short", "hex": (wire[:-4] + b"\0").hex()},
        {"name": "COBS code beyond the end", "hex": "ff010200"},
        {"name": "shorter than any frame", "hex": "0301010100"},
        {"name": "a byte lost", "hex": (wire[:5] + wire[6:]).hex()},
        {"name": "two bytes swapped", "hex": (wire[:2] + wire[3:4] + wire[2:3] + wire[4:]).hex()},
    ]


def main() -> None:
    lines = []
    for name, kind, epoch, seq, ack, fields, meaning in GOOD:
        payload = b"".join(value.to_bytes(width, "little") for width, value in fields)
        frame = {"type": kind, "epoch": epoch, "seq": seq, "ack": ack, "payload": payload.hex()}
        wire = sealed(plain(TYPES[kind], epoch, seq, ack, payload)).hex()
        values = [value for _, value in fields] if len(fields) < 20 else None
        lines.append({"name": name, "hex": wire, "frame": frame, "values": values, "meaning": meaning})
    lines += [{**entry, "frame": None} for entry in bad()]
    Path(__file__).with_name("inserter.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
