"""Every route, one by one: who may use it, its headers, its form token; no page of one partner shows another's."""

from __future__ import annotations

import re
import time
import urllib.request
from dataclasses import dataclass

import pytest
from station_world import PEOPLE, PIN, item_of, mark_of, piece

from controller.service.commands import Command
from controller.service.partners import Scope
from controller.service.rights import Right, rights_of
from station_ui.security.access import COOKIE, access_of
from station_ui.security.headers import HEADERS
from station_ui.security.limits import SIGN_IN

BASE = "https://localhost"
PATIENCE_S = 40
VALUES = {
    "uid": str(piece(9)), "number": "7", "badge": "LBOPER0001", "partner": "post", "key": "lawyer_letter", "batch": "7", "tray": "12",
    "item": item_of(piece(9)), "filename": "station.css",
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    endpoint: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app) -> list[Route]:
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: VALUES[match[1]], rule.rule)
        found += [Route(rule.endpoint, method, path) for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]
    return found


def screen(ground, badge: str = ""):
    client = ground.app.test_client()
    if badge:
        _, token = ground.entry.sign_in(badge, PIN)
        client.set_cookie(COOKIE, token, domain="localhost", secure=True)
    return client


def token_of(client) -> str:
    page = client.get("/", base_url=BASE, follow_redirects=True).text
    return re.search(r'name="form-token" content="(\w+)"', page)[1]


def test_every_route_carries_every_security_header(ground):
    client = screen(ground, "LBSUPE0001")
    for route in routes(ground.app):
        if route.path == "/live":
            continue  # a stream without an end; its headers are checked by the next test
        answer = client.open(route.path, method=route.method, base_url=BASE)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (str(route), name)
        assert answer.headers["Cache-Control"] in ("no-store", "no-cache"), str(route)
        assert "Strict-Transport-Security" in answer.headers, str(route)
        assert answer.status_code < 500, str(route)
        answer.close()


def test_the_stream_carries_the_headers_too(ground):
    with screen(ground).open("/live", base_url=BASE, buffered=False) as answer:
        assert all(answer.headers[name] == value for name, value in HEADERS.items())
        assert answer.mimetype == "text/event-stream"


def test_a_stream_asked_for_by_a_page_drawn_for_somebody_else_ends_at_once(ground):
    # A badge taken back after the page was drawn and before its stream began: the page must reload, not live on as a stranger's.
    answer = screen(ground).get("/live?drawn=open", base_url=BASE)
    assert answer.text.startswith("event: over")
    with screen(ground, "LBSUPE0001").open("/live?drawn=open", base_url=BASE, buffered=False) as answer:
        assert next(iter(answer.response)).startswith((b"retry", "retry"))


def test_a_question_about_the_stream_takes_no_screens_place(ground):
    hub, before = ground.app.extensions["station"].hub, ground.app.extensions["station"].hub.streams
    for method in ("HEAD", "OPTIONS"):
        call = urllib.request.Request(ground.url + "/live", method=method)
        with urllib.request.urlopen(call, timeout=PATIENCE_S) as answer:
            assert answer.status == 200
    assert hub.streams == before


def test_a_stream_that_its_screen_leaves_gives_its_place_back(ground):
    hub, before = ground.app.extensions["station"].hub, ground.app.extensions["station"].hub.streams
    with urllib.request.urlopen(ground.url + "/live", timeout=PATIENCE_S) as answer:
        assert answer.readline().startswith(b"retry")
        assert hub.streams == before + 1
    deadline = time.monotonic() + PATIENCE_S
    while hub.streams != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert hub.streams == before


def test_no_page_holds_a_script_or_a_style_of_its_own(ground):
    client = screen(ground, "LBSUPE0001")
    for route in routes(ground.app):
        if route.method == "GET" and route.path != "/live":
            answer = client.get(route.path, base_url=BASE)
            if answer.mimetype == "text/html":
                assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|<style|\son\w+=|javascript:", answer.text), str(
                    route
                )
                assert not re.search(r"(src|href|action)=\"(https?:)?//", answer.text), str(route)
            answer.close()


def test_every_change_without_a_form_token_is_refused(ground):
    client = screen(ground, "LBSUPE0001")
    changing = [
        route for route in routes(ground.app) if route.method != "GET" and not access_of(ground.app, route.endpoint).api
    ]
    assert len(changing) > 25
    before = len(ground.line.handled)
    for route in changing:
        for headers in ({}, {"X-Form-Token": "0" * 64}):
            answer = client.open(
                route.path, method=route.method, base_url=BASE, headers=headers, data={"csrf": "0" * 64}
            )
            assert answer.status_code == 403, str(route)
    assert len(ground.line.handled) == before


def test_a_right_token_from_another_site_or_another_screen_is_refused(ground):
    client, other = screen(ground, "LBSUPE0001"), screen(ground, "LBSUPE0002")
    token = token_of(client)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/line/hold", base_url=BASE, headers=headers, data={"csrf": token}).status_code == 403
    assert client.post("/line/hold", base_url=BASE, data={"csrf": token_of(other)}).status_code == 403


@pytest.mark.parametrize("badge", PEOPLE)
def test_every_route_opens_exactly_to_its_right(ground, badge):
    client = screen(ground, badge)
    held, token = rights_of(PEOPLE[badge][1]), token_of(client)
    for route in routes(ground.app):
        access = access_of(ground.app, route.endpoint)
        if access.anyone or access.right is None or route.path in ("/live",):
            continue
        if access.right in held and route.method != "GET":
            continue  # what it does is tried by its own story
        answer = client.open(route.path, method=route.method, base_url=BASE, headers={"X-Form-Token": token})
        assert (answer.status_code == 403) == (access.right not in held), (str(route), answer.status_code)
        answer.close()


def test_a_stranger_sees_only_the_door(ground):
    client = screen(ground)
    for route in routes(ground.app):
        access = access_of(ground.app, route.endpoint)
        if access.anyone:
            continue
        answer = client.open(route.path, method=route.method, base_url=BASE)
        assert answer.status_code in (303, 403), str(route)
        assert "/login" in answer.headers.get("Location", "/login")


def test_a_locked_screen_shows_the_line_and_nothing_else(ground):
    client = screen(ground, "LBOPER0001")
    token = token_of(client)
    client.post("/session/lock", base_url=BASE, data={"csrf": token})
    line = client.get("/", base_url=BASE)
    assert line.status_code == 200
    assert "andon" in line.text
    assert "/frames/" not in line.text
    for path in (
        "/exceptions",
        f"/frames/{piece(9)}.jpg",
        f"/letters/small/{piece(9)}.jpg",
        f"/pieces/{piece(9)}",
        "/batches",
    ):
        assert client.get(path, base_url=BASE, headers={"Accept": "application/json"}).status_code == 423
    assert (
        client.post(
            "/line/hold", base_url=BASE, headers={"X-Form-Token": token, "Accept": "application/json"}
        ).status_code
        == 423
    )
    client.post("/session/unlock", base_url=BASE, data={"csrf": token, "pin": PIN})
    assert client.get("/exceptions", base_url=BASE).status_code == 200


def test_signing_in_gives_a_fresh_host_cookie_that_no_script_can_read(ground):
    client = screen(ground)
    page = client.get("/login", base_url=BASE)
    before = client.get_cookie(COOKIE, domain="localhost").value
    token = re.search(r'name="form-token" content="(\w+)"', page.text)[1]
    answer = client.post("/login", base_url=BASE, data={"csrf": token, "badge": "LBOPER0001", "pin": PIN})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-letterline=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Domain" not in cookie
    assert client.get_cookie(COOKIE, domain="localhost").value != before


def test_guessing_pins_is_slowed_down_for_every_badge_together(tmp_path):
    from station_world import serving

    from controller.ledger.opening import open_ledger
    from controller.service.people import PinVault
    from controller.service.rights import Role
    from controller.service.store import StationStore

    open_ledger(tmp_path / "ledger.db").close()
    store = StationStore(f"sqlite:///{tmp_path / 's.db'}")
    with serving(tmp_path, store, vault=PinVault(memory_kib=8, passes=1, lanes=1)) as (app, _):
        app.extensions["station"].entry.add("LBSUPE0001", "孙督明", [Role.SUPERVISOR], PIN, by="test")
        limits = app.extensions["station"].limits
        take = limits.take
        limits.take = lambda key, rate, _now_s: take(key, rate, 0.0)  # all at one moment, however slow this machine is
        client = app.test_client()
        token = re.search(r'name="form-token" content="(\w+)"', client.get("/login", base_url=BASE).text)[1]
        answers = [
            client.post(
                "/login", base_url=BASE, data={"csrf": token, "badge": f"LBGUESS{n:04d}", "pin": "640917"}
            ).headers["Location"]
            for n in range(90)
        ]
    refused = ["said=too-many" in answer for answer in answers]
    assert refused == [False] * SIGN_IN.burst + [True] * (90 - SIGN_IN.burst)
    assert "said=wrong" in answers[0]
    store.close()


def test_the_first_set_up_works_once_and_leaves_no_default(tmp_path):
    from station_world import serving

    from controller.ledger.opening import open_ledger
    from controller.service.people import PinVault
    from controller.service.store import StationStore

    open_ledger(tmp_path / "ledger.db").close()
    store = StationStore(f"sqlite:///{tmp_path / 's.db'}")
    with serving(tmp_path, store, vault=PinVault(memory_kib=8, passes=1, lanes=1)) as (app, _):
        client = app.test_client()
        assert client.get("/", base_url=BASE).headers["Location"] == "/setup"
        token = re.search(r'name="form-token" content="(\w+)"', client.get("/setup", base_url=BASE).text)[1]
        form = {"csrf": token, "badge": "LBFIRST001", "name": "孙督明", "pin": PIN, "pin_again": PIN}
        assert (
            "pin-easy"
            in client.post("/setup", base_url=BASE, data={**form, "pin": "123456", "pin_again": "123456"}).headers[
                "Location"
            ]
        )
        assert (
            "pin-repeat"
            in client.post("/setup", base_url=BASE, data={**form, "pin_again": "640917"}).headers["Location"]
        )
        assert "said=saved" in client.post("/setup", base_url=BASE, data=form).headers["Location"]
        assert client.post("/setup", base_url=BASE, data={**form, "badge": "LBTHIEF001"}).status_code == 403
        assert client.get("/setup", base_url=BASE).headers["Location"] == "/login"
        assert [person.badge for person in app.extensions["station"].entry.people()] == ["LBFIRST001"]
    store.close()


def test_no_command_is_sent_to_a_line_that_is_only_guessed(tmp_path):
    from station_world import serving

    from controller.ledger.opening import open_ledger
    from controller.service.people import PinVault
    from controller.service.rights import Role
    from controller.service.store import StationStore

    open_ledger(tmp_path / "ledger.db").close()
    store = StationStore(f"sqlite:///{tmp_path / 's.db'}")
    with serving(tmp_path, store, vault=PinVault(memory_kib=8, passes=1, lanes=1), line=None) as (app, _):
        entry = app.extensions["station"].entry
        entry.add("LBSUPE0001", "孙督明", [Role.SUPERVISOR], PIN, by="test")
        client = app.test_client()
        client.set_cookie(COOKIE, entry.sign_in("LBSUPE0001", PIN)[1], domain="localhost", secure=True)
        answer = client.post("/trays/open", base_url=BASE, data={"csrf": token_of(client), "tray": "5"})
        assert "said=no-line" in answer.headers["Location"]
        assert app.extensions["station"].door.sent() == ()
    store.close()


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/x\r\ny"]
)
def test_the_language_switch_leads_nowhere_else(ground, back):
    client = screen(ground, "LBOPER0001")
    answer = client.post("/language", base_url=BASE, data={"csrf": token_of(client), "language": "zh", "next": back})
    assert answer.headers["Location"] == "/"


def test_names_are_masked_for_those_who_need_no_names(ground):
    path = f"/pieces/{piece(9)}"
    assert "徐鄧" in screen(ground, "LBSUPE0001").get(path, base_url=BASE).text
    shown = screen(ground, "LBOPER0001").get(path, base_url=BASE).text
    assert "徐＊" in shown
    assert "徐鄧" not in shown


def test_no_debt_and_no_address_is_on_any_floor_screen(ground):
    client = screen(ground, "LBSUPE0001")
    for path in (
        "/",
        "/exceptions",
        "/batches",
        "/batches/7",
        "/trays",
        "/trays/12",
        f"/pieces/{piece(9)}",
        "/returns?q=000007-0000009-01",
    ):
        assert "和平路" not in client.get(path, base_url=BASE).text, path


def test_a_file_name_cannot_leave_its_folder(ground):
    client = screen(ground, "LBSUPE0001")
    for path in (
        "/frames/../station.db",
        "/frames/..%2fstation.db",
        "/static/../app.py",
        "/templates/..%2f..%2fcontroller",
        "/manifest/7?as=../station.db",
    ):
        answer = client.get(path, base_url=BASE)
        assert answer.status_code in (303, 404), path
        assert b"SQLite" not in answer.data


def test_metrics_hold_no_ids_and_parse_as_prometheus_text(ground):
    text = screen(ground).get("/metrics", base_url=BASE).text
    assert "letterline_packml_state 6" in text
    assert all(re.fullmatch(r"# TYPE \w+ gauge|\w+(\{\w+=\"[^\"]*\"\})? -?[\d.]+", line) for line in text.splitlines())
    assert str(piece(9)) not in text


def test_figures_come_as_csv_and_json_with_the_same_values(ground):
    client = screen(ground, "LBQUAL0001")
    told = client.get("/kpi.json", base_url=BASE).json
    rows = dict(line.split(",", 1) for line in client.get("/kpi.csv", base_url=BASE).text.splitlines()[1:])
    assert int(rows["passed"]) == told["passed"] == 32
    assert int(rows["rejected"]) == told["rejected"]


# --- the partner API --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tenants(ground):
    partners = ground.app.extensions["station"].partners
    tokens = {}
    for name, batch in (("post", 6), ("bank", 7)):
        partners.add(name, name)
        partners.give_batch(name, batch)
        tokens[name] = partners.make_token(name, "test", list(Scope), by="test")
    tokens["reader"] = partners.make_token("post", "read", [Scope.MANIFEST_READ], by="test")
    return tokens


def call(ground, token: str, method: str, path: str, body=None, key: str = ""):
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    return ground.app.test_client().open("/api/v1" + path, method=method, base_url=BASE, headers=headers, json=body)


MINE = {"post": (6, item_of(piece(3, 1, 6)), 11), "bank": (7, item_of(piece(3)), 12)}


@pytest.mark.parametrize(("who", "whose"), [("post", "bank"), ("bank", "post"), ("post", "post"), ("bank", "bank")])
def test_no_partner_sees_or_moves_anything_of_another(ground, tenants, who, whose):
    batch, item, tray = MINE[whose]
    asked = [
        call(ground, tenants[who], "GET", f"/batches/{batch}"),
        call(ground, tenants[who], "GET", f"/batches/{batch}/manifest"),
        call(ground, tenants[who], "GET", f"/letters/{item}"),
        call(ground, tenants[who], "POST", f"/letters/{item}/recall", {"reason": "mistake"}, f"recall-{who}-{whose}"),
        call(
            ground,
            tenants[who],
            "POST",
            f"/batches/{batch}/trays/{tray}/acceptance",
            {"receipt": "R1"},
            f"accept-{who}-{whose}",
        ),
    ]
    assert {answer.status_code for answer in asked} <= ({404} if who != whose else {200, 202})
    listed = call(ground, tenants[who], "GET", "/batches").json["batches"]
    assert [one["batch"] for one in listed] == [MINE[who][0]]


def test_a_foreign_batch_answers_exactly_like_one_that_does_not_exist(ground, tenants):
    foreign, absent = (
        call(ground, tenants["post"], "GET", "/batches/7"),
        call(ground, tenants["post"], "GET", "/batches/999999"),
    )
    assert foreign.data == absent.data
    foreign = call(ground, tenants["post"], "GET", f"/letters/{MINE['bank'][1]}")
    absent = call(ground, tenants["post"], "GET", "/letters/XA999999999CN")
    assert foreign.data == absent.data


def test_commands_and_webhooks_of_another_partner_do_not_exist(ground, tenants):
    sent = call(
        ground, tenants["bank"], "POST", f"/letters/{MINE['bank'][1]}/recall", {"reason": "mistake"}, "recall-once"
    )
    number = sent.json["command"]
    assert call(ground, tenants["bank"], "GET", f"/commands/{number}").status_code == 200
    assert call(ground, tenants["post"], "GET", f"/commands/{number}").status_code == 404
    partners = ground.app.extensions["station"].partners
    partners._local = True
    hook, _ = partners.add_webhook("bank", "http://127.0.0.1:9/hook")
    partners._local = False
    assert call(ground, tenants["post"], "DELETE", f"/webhooks/{hook}").status_code == 404
    assert call(ground, tenants["post"], "GET", "/webhooks").json == {"webhooks": []}
    assert call(ground, tenants["bank"], "DELETE", f"/webhooks/{hook}").status_code == 204


def test_tracking_about_letters_of_others_is_named_unknown_and_not_kept(ground, tenants):
    event = {"code": "EMA", "at": "2026-11-22T08:00:00+08:00", "place": "平江"}
    events = [
        {**event, "event_id": "t1", "item": MINE["post"][1]},
        {**event, "event_id": "t2", "item": MINE["bank"][1]},
    ]
    answer = call(ground, tenants["post"], "POST", "/tracking", {"events": events}, "tracking-1")
    assert answer.json == {"stored": 1, "repeated": 0, "unknown": ["t2"]}
    again = call(ground, tenants["post"], "POST", "/tracking", {"events": events}, "tracking-2")
    assert again.json == {"stored": 0, "repeated": 1, "unknown": ["t2"]}
    assert [
        one["event_id"] for one in call(ground, tenants["post"], "GET", f"/letters/{MINE['post'][1]}").json["tracking"]
    ] == ["t1"]


def test_the_same_key_acts_once_and_another_body_under_it_is_refused(ground, tenants):
    path = f"/letters/{MINE['bank'][1]}/recall"
    first = call(ground, tenants["bank"], "POST", path, {"reason": "one"}, "same-key-1")
    second = call(ground, tenants["bank"], "POST", path, {"reason": "one"}, "same-key-1")
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert call(ground, tenants["bank"], "POST", path, {"reason": "two"}, "same-key-1").status_code == 409
    assert call(ground, tenants["bank"], "POST", path, {"reason": "one"}).status_code == 400


def test_the_manifest_lists_exactly_the_passed_pieces_of_closed_trays(ground, tenants):
    told = call(ground, tenants["post"], "GET", "/batches/6/manifest").json
    assert [one["item"] for one in told["items"]] == sorted(item_of(piece(n, 1, 6)) for n in range(1, 21))
    assert call(ground, tenants["bank"], "GET", "/batches/7/manifest").json["items"] == []


def test_a_token_opens_only_its_scopes_and_nothing_when_revoked(ground, tenants):
    assert call(ground, tenants["reader"], "GET", "/batches").status_code == 200
    assert call(ground, tenants["reader"], "GET", "/webhooks").status_code == 403
    partners = ground.app.extensions["station"].partners
    token = partners.make_token("post", "short", [Scope.MANIFEST_READ], by="test")
    key = next(one["key"] for one in partners.tokens() if one["label"] == "short")
    assert partners.revoke_token(key[:16], by="test")
    refused = call(ground, token, "GET", "/batches")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert call(ground, "", "GET", "/batches").status_code == 401


def test_a_signed_in_screen_is_no_partner_and_a_token_is_no_screen(ground, tenants):
    assert screen(ground, "LBSUPE0001").get("/api/v1/batches", base_url=BASE).status_code == 401
    answer = ground.app.test_client().get(
        "/batches", base_url=BASE, headers={"Authorization": f"Bearer {tenants['post']}"}
    )
    assert answer.headers["Location"] == "/login"


# --- scans ------------------------------------------------------------------------------------------------------------


def scan(client, token: str, code: str, path: str = "/exceptions/scan"):
    return client.post(path, base_url=BASE, headers={"X-Form-Token": token}, data={"code": code}).json


def test_foreign_and_wrong_scans_are_refused_in_words_and_never_reach_the_line(ground):
    client = screen(ground, "LBOPER0001")
    token, before = token_of(client), ground.line.handled.count(Command.CUSTODY_SCAN)
    for code in (
        "",
        "hello",
        "6901234567892",
        mark_of(piece(999)),
        mark_of(piece(20)),
        "T000012",
        "0" * 36,
        "<script>alert(1)</script>" * 5,
    ):
        answer = scan(client, token, code)
        assert answer["good"] is False, code
        assert answer["text"]
    assert ground.line.handled.count(Command.CUSTODY_SCAN) == before


def test_every_right_is_asked_by_some_route(ground):
    asked = {access_of(ground.app, endpoint).right for endpoint in ground.app.view_functions}
    inside = {Right.SEE_PERSONAL_DATA, Right.APPROVE_OVERRIDE}
    assert set(Right) - asked == inside
