"""What the post takes and what it brings back: hand-over with signature and photo, acceptance, returned mail, in a real browser."""

from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image
from playwright.sync_api import expect
from station_browser import sign_in
from station_world import LINE, piece

from controller.ledger.records import Record
from controller.model import letter_of, piece_name

pytestmark = pytest.mark.browser
TRAY = 77


def photo() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), (120, 90, 60)).save(kept, "JPEG")
    return kept.getvalue()


def upload(content: bytes, kind: str = "image/jpeg") -> dict[str, object]:
    return {"name": "slip.jpg", "mimeType": kind, "buffer": content}


def test_a_closed_tray_is_signed_for_photographed_handed_over_and_accepted(ground, browser):
    books = ground.line.books
    books.ledger.append([Record(f"tray.{word}", tray=TRAY) for word in ("opened", "closing", "closed")], 10**18)
    page = sign_in(ground, browser, "LBPOST0001")
    page.goto(f"{ground.url}/trays/{TRAY}")
    page.fill("input[name=taken_by]", "马邮运")
    page.get_by_role("button", name="交寄", exact=True).click()
    expect(page.locator("main > .notice.stop")).to_contain_text("签名")
    assert books.queries.state("tray", TRAY) == "CLOSED", "nothing leaves without a signature"
    page.fill("input[name=taken_by]", "马邮运")
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=6)
    page.mouse.up()
    page.set_input_files("input[name=photo]", upload(photo()))
    page.get_by_role("button", name="交寄", exact=True).click()
    expect(page.locator("main > .notice")).to_contain_text("完成")
    assert books.queries.state("tray", TRAY) == "HANDED_OVER"
    sent = books.inbox.recent(LINE, 1)[0]
    assert sent.arguments["taken_by"] == "马邮运"
    assert sent.arguments["photo_sha256"] == hashlib.sha256(photo()).hexdigest()
    kept = {path.stem: path for path in (ground.out / "hand-over").iterdir()}
    assert kept[str(sent.arguments["signature_sha256"])].read_bytes().startswith(b"\x89PNG")
    page.fill("input[name=receipt]", "R-2026-0077")
    page.get_by_role("button", name="邮政已收寄").click()
    expect(page.locator("main > .notice")).to_contain_text("完成")
    assert books.queries.state("tray", TRAY) == "ACCEPTED"
    page.context.close()


def test_returned_mail_is_found_by_its_number_and_recorded_with_reason_and_photo(ground, browser):
    uid = piece(3, 1, 6)
    page = sign_in(ground, browser, "LBPOST0001")
    page.goto(f"{ground.url}/returns")
    page.keyboard.type(piece_name(uid) + "\n", delay=5)
    page.wait_for_url("**/returns?q=*")
    page.get_by_label("查无此人").check()
    page.set_input_files("input[name=photo]", upload(b"GIF89a not a photo"))
    page.get_by_role("button", name="登记退信").click()
    expect(page.locator("main > .notice.stop")).to_contain_text("JPEG")
    page.get_by_label("查无此人").check()
    page.set_input_files("input[name=photo]", upload(photo()))
    page.get_by_role("button", name="登记退信").click()
    expect(page.locator("main > .notice")).to_contain_text("完成")
    sent = ground.line.books.inbox.recent(LINE, 1)[0]
    assert (sent.name, sent.arguments["uid"], sent.arguments["reason"]) == ("returned-mail", uid, "unknown")
    assert (ground.out / "returns" / f"{sent.arguments['photo_sha256']}.jpg").read_bytes() == photo()
    assert ground.line.books.queries.state("letter", letter_of(uid)) == "RETURNED"
    page.context.close()
