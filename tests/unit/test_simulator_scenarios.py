"""Scenario files and the words of the fault console: every file parses, every line is understood, every mistake is named."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from simulator.cameras.picture import C2_REGION_MM, Optics, envelope_scene, sheet_scene, smear_kernel
from simulator.console import SAYINGS, UnknownWords, understand
from simulator.matrix import facts, judge, rows
from simulator.optics import LEVELS
from simulator.paper import Envelope, Picture, Sheet
from simulator.people import test_stack as blank_stack
from simulator.printing.raster import blank
from simulator.scenario import SCENARIOS, MachinePlan, Scenario, ScenarioError, load, parse


def test_every_row_of_the_fault_matrix_has_one_scenario_with_an_expected_outcome() -> None:
    found = rows()
    assert [scenario.row for scenario in found] == list(range(1, 51))
    assert all(scenario.expect.text and scenario.title for scenario in found)
    for scenario in found:
        ways = bool(scenario.faults) or scenario.machine.ring != 1024, bool(scenario.proof)
        assert any(ways), f"row {scenario.row} is neither struck nor proved"


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_line_of_every_scenario_is_understood(file: object) -> None:
    for fault in load(str(file)).faults:
        understand(fault.do)


def test_a_proof_names_a_test_that_exists() -> None:
    here = SCENARIOS.parents[1]
    for scenario in rows():
        for proof in scenario.proof:
            file, _, name = proof.partition("::")
            assert f"def {name}(" in (here / file).read_text(encoding="utf-8"), proof


def test_the_default_scenario_has_each_trouble_of_a_working_day() -> None:
    said = " | ".join(fault.do for fault in load("default").faults)
    for word in ("smear", "swap next two", "double feed", "jam", "lose bytes", "cupsd"):
        assert word in said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nonsense = 1", "nonsense"),
        ("speed = 0", "speed"),
        ("speed = [", "TOML"),
        ('[machine]\nsheet_pitch_ms = "fast"', "sheet_pitch_ms"),
        ("[machine]\nbaud = -1", "negative"),
        ('[machine]\ntransport = "pigeon"', "serial, socket, modbus, modbus-rtu"),
        ('[[fault]]\nwhen = "yesterday 3"\ndo = "mend"', "yesterday"),
        ('[[fault]]\ndo = "mend"', "needs when"),
        ("printer = []", "at least one printer"),
        ('[machine]\noptics = "foggy"', "mild, P0, P1, harsh, P2, edge"),
    ],
)
def test_a_mistake_in_a_scenario_is_named(text: str, word: str) -> None:
    with pytest.raises(ScenarioError, match=word):
        parse(text, "mine")


def test_a_scenario_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(ScenarioError, match="default"):
        load("no-such-scenario")


def test_every_form_the_help_shows_is_understood() -> None:
    words = {"N": "2", "P": "3", "SECONDS": "1.5", "NAME": "P1", "ZONE": "fold", "WORDS": "mend"}
    for saying in SAYINGS:
        first = saying.form.split(" | ")[0].replace("[REASON]", "").replace("[", "").replace("]", "")
        line = " ".join(
            words.get(word.rstrip("%:"), word.split("|")[0]) + ("%" if word.endswith("%") else "")
            for word in first.split()
        )
        found, _ = understand(line.replace("1.5 mend", "1.5: mend"))
        assert found is saying, line


def test_words_nobody_knows_are_refused() -> None:
    with pytest.raises(UnknownWords, match="help"):
        understand("jam yesterday")


def sheet(grey: int) -> Sheet:
    panel, margin = blank()
    dark = panel.pixels()
    dark[:] = grey
    return Sheet(1, "P1", "job", 0, Picture.of(dark), margin)


def test_the_insert_never_shows_more_than_the_window_and_never_less_than_the_address_zone() -> None:
    rng = random.Random(4)
    for _ in range(40):
        shift = (rng.uniform(0, 20), rng.uniform(0, 15))
        scene = envelope_scene(Envelope(1, [sheet(0)], 1, 1, shift_mm=shift))
        left, top = round((20 - C2_REGION_MM[0]) * 8), round((50 - C2_REGION_MM[1]) * 8)
        window = scene[top + 2 : top + 45 * 8 - 2, left + 2 : left + 100 * 8 - 2]
        assert window.max() < 60, "the dark panel must fill the whole window at every place the insert can come to rest"
        assert scene[:, : left - 1].min() > 200


def test_an_empty_envelope_and_an_empty_belt_look_empty() -> None:
    assert envelope_scene(Envelope(1, [], 0, 0)).min() > 150
    assert sheet_scene([]).max() < 100


def test_the_same_seed_makes_the_same_frame() -> None:
    scene = sheet_scene([sheet(0)])
    assert (Optics(5).expose(scene) == Optics(5).expose(scene)).all()
    assert (Optics(5).expose(scene) != Optics(6).expose(scene)).any()


@pytest.mark.parametrize("name", LEVELS)
def test_a_camera_sees_through_the_optics_its_scenario_names(name: str) -> None:
    assert parse(f'[machine]\noptics = "{name}"', "mine").machine.optics == name
    scene = sheet_scene([sheet(0)])
    seen = Optics(5, 0.5, LEVELS[name]).expose(scene)
    assert seen.shape == scene.shape
    assert (seen == Optics(5, 0.5, LEVELS[name]).expose(scene)).all()
    assert (seen != Optics(5, 0.5).expose(scene)).any()


def test_motion_smear_is_as_long_as_the_paper_moves_while_the_shutter_is_open() -> None:
    for length in (0.0, 0.5, 1.0, 2.6, 7.0):
        kernel = smear_kernel(length)
        assert abs(float(kernel.sum()) - 1) < 1e-6
        assert kernel.size >= length
    assert abs(MachinePlan().smear_mm(2.0) - 0.1316) < 1e-9
    edge = np.full((20, 60), 255, np.uint8)
    edge[:, 30:] = 0
    sharp, smeared = (
        int((np.abs(np.diff(cv2.filter2D(edge, -1, smear_kernel(px))[10].astype(int))) > 5).sum()) for px in (0.5, 6.0)
    )
    assert smeared > sharp


def test_a_row_that_did_not_end_as_expected_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    scenario = parse('[expect]\nrejects = 2\n[[fault]]\nwhen = "fed 1"\ndo = "double feed"', "mine")
    assert isinstance(scenario, Scenario)
    world = tmp_path / "sim" / "world.jsonl"
    world.parent.mkdir()
    world.write_text('{"what":"exit","where":"reject"}\n{"what":"fault_injected"}\n{"torn')
    assert len(list(facts(world))) == 2
    assert "no summary" in judge(scenario, tmp_path, 1, "it broke")[0][0]
    summary = '{"violations":1,"balance":0,"open":0,"released":3,"accepted":4,"reprinted":0}'
    (tmp_path / "summary.json").write_text(summary)
    problems, rejects, _ = judge(scenario, tmp_path, 0, "")
    assert rejects == 1
    assert [
        word
        for word in ("1 violations", "3 of 4 letters", "1 envelopes rejected")
        if not any(word in p for p in problems)
    ] == []


def test_cameras_can_look_at_the_blank_sheets_of_a_machine_under_test() -> None:
    (first, *rest) = blank_stack(3).sheets
    assert len(rest) == 2
    assert sheet_scene([first]).min() > 200
    assert envelope_scene(Envelope(1, [first], 1, 1)).size
