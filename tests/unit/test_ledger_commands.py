"""`letterline ledger`: what it says of a good ledger, a damaged one, and none."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from ledger_stores import NOW, opened, path_to_tray, uid

from controller.commands.ledger import ledger
from simulator.auditor import main as audit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with opened(tmp_path / "ledger.db") as books:
        for number in range(1, 4):
            books.ledger.append(path_to_tray(uid(number)), NOW)
    return tmp_path / "ledger.db"


def test_verify_counts_a_good_ledger(path):
    result = CliRunner().invoke(ledger, ["verify", str(path)])
    assert result.exit_code == 0
    assert "30 events, chain and states agree" in result.output


def test_verify_names_the_altered_event(path):
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER events_no_update")
        raw.execute("UPDATE events SET tray = 5 WHERE seq = 12")
    raw.close()
    result = CliRunner().invoke(ledger, ["verify", str(path)])
    assert result.exit_code == 1
    assert "event 12" in result.output


def test_verify_names_a_state_that_does_not_follow_and_rebuild_mends_it(path):
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE pieces SET state = 'RELEASED' WHERE piece = ?", (uid(2),))
    raw.close()
    result = CliRunner().invoke(ledger, ["verify", str(path)])
    assert result.exit_code == 1
    assert str(uid(2)) in result.output
    assert CliRunner().invoke(ledger, ["rebuild", str(path)]).exit_code == 0
    assert CliRunner().invoke(ledger, ["verify", str(path)]).exit_code == 0


def test_an_export_is_checked_by_the_auditor_who_shares_no_code(path, tmp_path, capsys):
    out = tmp_path / "ledger.jsonl"
    assert CliRunner().invoke(ledger, ["export", str(path), "-o", str(out)]).exit_code == 0
    # The pieces of this ledger were granted into a tray that was never opened: the auditor says so, and the chain is whole.
    assert audit([str(out)]) == 1
    said = capsys.readouterr().out
    assert "30 events" in said
    assert "hash" not in said
    out.write_text(
        out.read_text(encoding="utf-8").replace('"n\\": 3', '"n\\": 4').replace('\\"n\\":3', '\\"n\\":4'),
        encoding="utf-8",
    )
    audit([str(out)])
    assert "the hash does not follow" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["/nowhere/ledger.db", "nonsense://x"])
def test_no_ledger_is_a_wrong_call_without_a_traceback(address):
    result = CliRunner().invoke(ledger, ["verify", address])
    assert result.exit_code in (1, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)
