"""The front door of a station: signing in, locking, signing out, and keeping people. Joins the rules to the station store.

Every refusal is noted in the security log with the badge and never with the PIN.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.ledger.station import StationStore
from controller.ledger.station import people as rows
from controller.service.people import LANGUAGES, Person, PinVault, SignIn, check_badge, judge_attempt
from controller.service.rights import HUMAN_ROLES, Right, Role
from controller.service.sessions import LIFE_S, Session, SessionState, key_of, new_token


class PeopleRefused(ValueError):
    """A change of people that may not be made. ``code`` names it for the screens."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is at a screen right now, and whether the screen is open or locked."""

    person: Person
    session: Session
    state: SessionState


class Entry:
    """Signs people in and out. Safe from many threads; ``clock`` gives Unix seconds."""

    def __init__(self, store: StationStore, vault: PinVault, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock

    def now_s(self) -> int:
        return int(self._clock())

    def is_set_up(self) -> bool:
        """Return whether there is anybody who may add people."""
        return any(Right.MANAGE_PEOPLE in person.rights for person in self.people())

    def people(self) -> tuple[Person, ...]:
        with self._store.begin() as db:
            return tuple(_person(row) for row in rows.list_people(db))

    def person(self, badge: str) -> Person | None:
        with self._store.begin() as db:
            row = rows.find_person(db, badge)
        return None if row is None else _person(row)

    def add(self, badge: str, name: str, roles: Iterable[Role], pin: str, language: str = "zh", *, by: str) -> Person:
        """Add a person.

        Raises:
            PinRefused: the PIN is too easy.
            PeopleRefused: the badge is taken, the name is empty, or the roles or the language are not ours.
            ValueError: the badge is not one.
        """
        badge, name, roles = check_badge(badge), " ".join(name.split()), tuple(dict.fromkeys(roles))
        if not 1 <= len(name) <= 60:
            raise PeopleRefused("name", "give a name of 1 to 60 characters")
        if not roles or any(role not in HUMAN_ROLES for role in roles):
            raise PeopleRefused("roles", "choose at least one role of the floor or the office")
        if language not in LANGUAGES:
            raise PeopleRefused("language", f"the language is one of {', '.join(LANGUAGES)}")
        person = Person(badge, name, roles, language, True, self._vault.hash(pin))
        with self._store.begin() as db:
            added = rows.add_person(db, _row(person))
        if not added:
            raise PeopleRefused("badge-taken", f"badge {badge} belongs to somebody already")
        self._store.note(self.now_s(), "person-added", by, f"{badge} {'+'.join(roles)}")
        return person

    def set_active(self, badge: str, *, active: bool, by: str) -> None:
        """Let a person in again, or revoke them: every screen they have open ends with the same transaction.

        Raises:
            PeopleRefused: no such badge, or it is the last one who could let others in.
        """
        self._keep_one_supervisor(badge, gone=not active)
        with self._store.begin() as db:
            if not rows.change_person(db, badge, {"active": active, "wrong_pins": 0, "locked_until_s": 0}):
                raise PeopleRefused("no-such-badge", f"nobody has badge {badge}")
            if not active:
                rows.end_sessions_of(db, badge)
        self._store.note(self.now_s(), "person-restored" if active else "person-revoked", by, badge)

    def set_roles(self, badge: str, roles: Iterable[Role], *, by: str) -> None:
        """Change what a person may do; open screens follow at once.

        Raises:
            PeopleRefused: as `add`, or it would leave nobody to manage people.
        """
        roles = tuple(dict.fromkeys(roles))
        if not roles or any(role not in HUMAN_ROLES for role in roles):
            raise PeopleRefused("roles", "choose at least one role of the floor or the office")
        self._keep_one_supervisor(badge, gone=Role.SUPERVISOR not in roles)
        with self._store.begin() as db:
            if not rows.change_person(db, badge, {"roles": json.dumps(roles)}):
                raise PeopleRefused("no-such-badge", f"nobody has badge {badge}")
        self._store.note(self.now_s(), "person-roles", by, f"{badge} {'+'.join(roles)}")

    def set_pin(self, badge: str, pin: str, *, by: str) -> None:
        """Give a new PIN, open the lock-out, end the person's screens.

        Raises:
            PinRefused: the PIN is too easy.
            PeopleRefused: no such badge.
        """
        pin_hash = self._vault.hash(pin)
        with self._store.begin() as db:
            if not rows.change_person(db, badge, {"pin_hash": pin_hash, "wrong_pins": 0, "locked_until_s": 0}):
                raise PeopleRefused("no-such-badge", f"nobody has badge {badge}")
            rows.end_sessions_of(db, badge)
        self._store.note(self.now_s(), "pin-changed", by, badge)

    def set_language(self, badge: str, language: str) -> None:
        """Remember the language of a badge; unknown languages are ignored."""
        if language in LANGUAGES:
            with self._store.begin() as db:
                rows.change_person(db, badge, {"language": language})

    def prove(self, badge: str, pin: str) -> tuple[SignIn, Person | None]:
        """Check badge and PIN without opening a screen (the second person of four eyes). Counts towards the lock-out."""
        badge = badge.strip()
        person = self.person(badge)
        if person is None:
            self._vault.waste_time(pin)
            self._store.note(self.now_s(), "unknown-badge", badge[:32])
            return SignIn.WRONG, None
        matches = self._vault.matches(person.pin_hash, pin)
        with self._store.begin() as db:
            fresh = rows.find_person(db, badge)
            person = person if fresh is None else _person(fresh)
            attempt = judge_attempt(person, pin_matches=matches, now_s=self.now_s())
            if (attempt.wrong_pins, attempt.locked_until_s) != (person.wrong_pins, person.locked_until_s):
                changes = {"wrong_pins": attempt.wrong_pins, "locked_until_s": attempt.locked_until_s}
                rows.change_person(db, badge, changes)
        if attempt.answer is not SignIn.OK:
            self._store.note(self.now_s(), f"sign-in-{attempt.answer}", badge)
            return attempt.answer, None
        return SignIn.OK, person

    def sign_in(self, badge: str, pin: str) -> tuple[SignIn, str]:
        """Open a screen; return the answer and the new cookie value ("" when refused)."""
        answer, person = self.prove(badge, pin)
        if person is None:
            return answer, ""
        token, now_s = new_token(), self.now_s()
        with self._store.begin() as db:
            rows.end_sessions_before(db, now_s - LIFE_S)
            rows.add_session(db, _session_row(Session(key_of(token), person.badge, now_s, now_s, False)))
        self._store.note(now_s, "sign-in", person.badge)
        return answer, token

    def visit(self, token: str) -> Visit | None:
        """Return who is behind cookie ``token``, or None: no such screen, over, or the person was revoked."""
        if not token:
            return None
        with self._store.begin() as db:
            row = rows.find_session(db, key_of(token))
            found = None if row is None else rows.find_person(db, row["badge"])
        if row is None or found is None:
            return None
        person, session = _person(found), Session(**row)
        state = session.state(self.now_s())
        if state is SessionState.OVER or not person.active:
            return None
        return Visit(person, session, state)

    def states(self, tokens: Iterable[str]) -> dict[str, SessionState]:
        """Return what `visit` would say of each of ``tokens``, in one question to the store; those it knows nobody for are left out."""
        keys = {key_of(token): token for token in tokens if token}
        with self._store.begin() as db:
            found = rows.list_sessions(db, keys) if keys else []
        now_s = self.now_s()
        states: dict[str, SessionState] = {}
        for row in found:
            session = Session(**{name: value for name, value in row.items() if name != "active"})
            if row["active"] and (state := session.state(now_s)) is not SessionState.OVER:
                states[keys[session.key]] = state
        return states

    def touch(self, visit: Visit) -> None:
        """A hand is on the screen: the two idle minutes start again. A locked screen stays locked."""
        if visit.state is SessionState.OPEN and self.now_s() - visit.session.last_input_s >= 5:
            with self._store.begin() as db:
                rows.change_session(db, visit.session.key, {"last_input_s": self.now_s()})

    def lock(self, visit: Visit) -> None:
        with self._store.begin() as db:
            rows.change_session(db, visit.session.key, {"locked": True})

    def unlock(self, visit: Visit, pin: str) -> SignIn:
        """Open a locked screen again with the PIN of the same person."""
        answer, person = self.prove(visit.person.badge, pin)
        if person is not None:
            with self._store.begin() as db:
                rows.change_session(db, visit.session.key, {"locked": False, "last_input_s": self.now_s()})
        return answer

    def sign_out(self, visit: Visit) -> None:
        with self._store.begin() as db:
            rows.end_session(db, visit.session.key)
        self._store.note(self.now_s(), "sign-out", visit.person.badge)

    def _keep_one_supervisor(self, badge: str, *, gone: bool) -> None:
        if gone and not any(Right.MANAGE_PEOPLE in one.rights for one in self.people() if one.badge != badge):
            raise PeopleRefused("last-supervisor", "this is the last supervisor: add another one first")


def _person(row: Mapping[str, Any]) -> Person:
    return Person(
        badge=row["badge"],
        name=row["name"],
        roles=tuple(Role(role) for role in json.loads(row["roles"])),
        language=row["language"],
        active=bool(row["active"]),
        pin_hash=row["pin_hash"],
        wrong_pins=row["wrong_pins"],
        locked_until_s=row["locked_until_s"],
    )


def _row(person: Person) -> dict[str, Any]:
    return {
        "badge": person.badge,
        "name": person.name,
        "roles": json.dumps(person.roles),
        "language": person.language,
        "active": person.active,
        "pin_hash": person.pin_hash,
        "wrong_pins": person.wrong_pins,
        "locked_until_s": person.locked_until_s,
    }


def _session_row(session: Session) -> dict[str, Any]:
    return {
        "key": session.key,
        "badge": session.badge,
        "since_s": session.since_s,
        "last_input_s": session.last_input_s,
        "locked": session.locked,
    }
