"""The simulated scale, asked by the production driver: two readings of the manual that must agree."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.scale import NoWeight, Scale, Weight
from simulator.instruments.bench import ScaleLine
from simulator.instruments.mt_sics import Scale as SimulatedScale


def test_the_driver_reads_weigh_tare_zero_and_unrest(tmp_path: Path) -> None:
    line = ScaleLine(tmp_path)
    line.start()
    try:
        with Scale(str(tmp_path / "scale")) as scale:
            line.put(15_980)
            weight = scale.weigh()
            assert isinstance(weight, Weight)
            assert weight.mg == 15_980
            scale.tare()
            line.put(20_970)
            after_tare = scale.weigh()
            assert isinstance(after_tare, Weight)
            assert after_tare.mg == 4_990
            line.put(9_000, stable=False)
            assert isinstance(scale.weigh(), NoWeight)
            line.put(9_000_000)
            scale.serial_number()
            assert isinstance(scale.weigh_now(), NoWeight)
    finally:
        line.close()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes_are_answered_line_by_line_and_nothing_is_kept_for_ever(parts: list[bytes]) -> None:
    scale = SimulatedScale()
    for part in parts:
        for answer in scale.receive(part).split(b"\r\n"):
            assert answer == b"" or answer[:1] in (b"E", b"S", b"Z", b"T", b"I")
    assert len(scale._text) <= 128
