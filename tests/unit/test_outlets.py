"""What a running line shows to others: the view of a plant, and words for a folder or an address that will not do."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from controller.runner.outlets import Outlets, plant_view
from controller.service.live import Alarm, LiveSnapshot, Machine, Words
from devices.errors import LinkError
from devices.kinds import MachineMode, MachineState, Reason


def snapshot(state: int = 6, *, linked: bool = True, reason: str = "0") -> LiveSnapshot:
    jam = Alarm("jam", Words("卡纸", "Paper jam"), Words("折叠", "fold"), Words("开盖", "open"))
    return LiveSnapshot(
        "line-1",
        1,
        simulated=True,
        machines=(Machine("P1", 6, kind="printer"), Machine("inserter", state, reason, linked=linked)),
        rate_now=35_900.0,
        counts={"IN_TRAY": 7, "RELEASED": 400, "SUBMITTED": 90, "DIVERTED": 2, "DESTROYED": 3},
        alarms=(jam,),
    )


def test_a_plant_sees_states_counts_and_alarms_and_no_letters() -> None:
    view = plant_view(snapshot(11, reason="4"), int(MachineMode.MAINTENANCE))
    assert (view.state, view.mode, view.reason) == (MachineState.HELD, MachineMode.MAINTENANCE, Reason.JAM)
    assert (view.processed, view.defective, view.envelopes_per_hour, view.simulated) == (407, 5, 35_900.0, True)
    assert view.alarms == ("jam: Paper jam / 卡纸",)


@pytest.mark.parametrize("seen", [snapshot(0), snapshot(6, linked=False), LiveSnapshot("line-1", 1, simulated=False)])
def test_a_machine_nobody_hears_is_shown_as_aborted(seen: LiveSnapshot) -> None:
    assert plant_view(seen, 1).state is MachineState.ABORTED


def test_nothing_is_opened_unless_it_was_asked_for(tmp_path: Path) -> None:
    with ExitStack() as stack:
        outlets = Outlets()
        assert outlets.tap(stack, "x") is None
        outlets.open_plant(stack, "line-1")
        outlets.show(snapshot(), 1)


def test_a_folder_that_cannot_be_written_and_an_address_that_is_none_are_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with ExitStack() as stack:
        with pytest.raises(LinkError, match="file"):
            Outlets(tmp_path / "file").tap(stack, "x")
        for address in ("nowhere", "host:", "127.0.0.1:70000"):
            with pytest.raises(LinkError, match="HOST:PORT"):
                Outlets(opcua=address).open_plant(stack, "line-1")


def test_a_recording_is_closed_with_the_run(tmp_path: Path) -> None:
    with ExitStack() as stack:
        tap = Outlets(tmp_path / "wire").tap(stack, "socket://127.0.0.1:1")
        assert tap is not None
        tap("in", b"\x01")
    (path,) = (tmp_path / "wire").iterdir()
    assert path.read_text().splitlines()[1].endswith('"way": "in", "hex": "01"}')
