"""The end of a shift on the screens: the batch is closed, the trays go to the carrier, and nothing asks twice for what is done."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from station_browser import sign_in
from station_world import TRAY, Floor

from controller.service.live import Task, TaskKind

pytestmark = pytest.mark.browser


def sign(page: Page) -> None:
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 120)
    page.mouse.up()


def test_a_closed_tray_is_a_task_until_the_carrier_has_signed_and_its_form_goes_with_it(
    ground: Floor, browser: Browser
):
    supervisor, colleague = sign_in(ground, browser, "LBSUPE0001"), sign_in(ground, browser, "LBPOST0001")
    supervisor.goto(ground.url + f"/trays/{TRAY}")
    colleague.goto(ground.url + f"/trays/{TRAY}")
    hand_over = supervisor.get_by_role("button", name="交寄", exact=True)
    expect(hand_over).to_have_count(0)
    ground.line.calm()
    ground.line.end_batch()
    expect(hand_over).to_be_visible()  # the form comes by itself, and can be signed
    supervisor.goto(ground.url + "/")
    expect(supervisor.locator(".andon")).to_contain_text(f"把邮筐 {TRAY} 交给")
    expect(supervisor.locator("#part-rate .figure")).to_have_text("0")  # what the line did in its last minute is over
    supervisor.locator(".todo a[data-task='hand-over']").click()
    supervisor.wait_for_url(ground.url + f"/trays/{TRAY}")
    fill_and_send(ground, colleague)
    expect(colleague.locator("main > .notice")).to_contain_text("完成")
    for page in (colleague, supervisor):  # nobody reloads
        expect(page.locator("#tray h1")).to_contain_text("已交寄")
        expect(page.locator("#pad")).to_have_count(0)
        expect(page.get_by_role("button", name="邮政已收寄")).to_be_visible()
    supervisor.goto(ground.url + "/")
    expect(supervisor.locator("#part-todo")).to_be_empty()
    expect(supervisor.locator(".andon")).to_contain_text("批次已完成")
    for page in (supervisor, colleague):
        page.context.close()


def fill_and_send(ground: Floor, page: Page) -> None:
    """Sign in a form that came with a refresh; what was written stays when the lists are fetched again."""
    page.locator("#pad").wait_for()
    page.fill("input[name=taken_by]", "孙寄安")
    sign(page)
    page.locator("h1").first.click()  # no field has the focus any more
    with page.expect_response(f"**/trays/{TRAY}"):
        ground.line.tasks = (Task(TaskKind.PUT_TRAY),)
        ground.line.publish()
    page.wait_for_timeout(300)
    assert page.input_value("input[name=taken_by]") == "孙寄安"
    assert page.input_value("#signature")
    ground.line.tasks = ()
    ground.line.publish()
    page.get_by_role("button", name="交寄", exact=True).click()
