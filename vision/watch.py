"""The thread shell around the reader: takes frames from a camera, reads them in a bounded pool, delivers in order.

Three promises to whoever listens:

* every trigger count is delivered exactly once and in order, as a reading or as a `Problem`; a lost frame is a
  delivered loss, so no verdict can slip to the neighbouring piece;
* a result is delivered before its deadline or not at all: the late one is replaced by `Problem.LATE`, and its reading
  is thrown away and counted;
* nothing grows: frames in flight are bounded, and a frame that finds no room is delivered as `Problem.OVERLOADED`.

Where the camera also gives the count of the belt's encoder, a trigger it does not bear out has no reading (`vision.encoder`).

Threads: one takes frames, ``workers`` read them (the decoders release the interpreter lock), one delivers.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from vision.encoder import ANY_BELT, BeltRule, Doubt, Exposed, doubt_of
from vision.reader import PieceReader, frame_hash
from vision.readings import FrameReading, ReadProfile

log = logging.getLogger(__name__)

Gray = NDArray[np.uint8]

LOST_SPELLED_OUT_MAX = 256
"""Longest gap delivered trigger by trigger; a longer one is a restart, not a loss."""

REMEMBERED_FRAMES = 16
"""How far back a repeated frame is recognised: longer than any camera's ring of buffers here."""


class Frame(Protocol):
    """One exposure. ``trigger`` is the camera's own count of trigger pulses, from 1 since it started.

    ``device_us`` is the camera's clock, ``encoder`` the pulses of the belt's encoder at the exposure or None.
    """

    @property
    def image(self) -> Gray: ...
    @property
    def trigger(self) -> int: ...
    @property
    def received_ns(self) -> int: ...
    @property
    def device_us(self) -> int: ...
    @property
    def encoder(self) -> int | None: ...


class FrameSource(Protocol):
    """Anything that yields frames. ``grab`` raises ``TimeoutError`` when none came, ``OSError`` when the camera is gone."""

    def grab(self, timeout_s: float) -> Frame: ...


class Problem(StrEnum):
    """Why a trigger has no trustworthy reading. Every one means: the piece of this trigger must not pass."""

    LOST = "frame-lost"
    LATE = "result-late"
    OVERLOADED = "no-room"
    FROZEN = "frame-repeated"
    OUT_OF_ORDER = "trigger-out-of-order"
    SURPLUS = Doubt.SURPLUS.value
    MISCOUNT = Doubt.MISCOUNT.value
    RESTARTED = "camera-restarted"
    UNREACHABLE = "camera-unreachable"
    FAILED = "reader-failed"


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of one trigger. Exactly one of ``reading`` and ``problem`` is set.

    ``session`` counts camera starts as seen here: trigger counts compare only within one session.
    `Problem.RESTARTED` and `Problem.UNREACHABLE` belong to no piece and carry trigger 0.
    """

    session: int
    trigger: int
    reading: FrameReading | None
    problem: Problem | None
    frame: Frame | None
    age_ms: float
    """From arrival of the frame to delivery."""


@dataclass(slots=True)
class WatchCounts:
    """Totals since start; the health page shows them."""

    frames: int = 0
    delivered: int = 0
    lost: int = 0
    late: int = 0
    overloaded: int = 0
    frozen: int = 0
    off_belt: int = 0
    restarts: int = 0
    late_discarded: int = 0


@dataclass(frozen=True, slots=True)
class _Ticket:
    session: int
    trigger: int
    frame: Frame | None
    future: Future[FrameReading] | None
    problem: Problem | None
    arrived: float


class FrameWatch:
    """Watches one camera. Reset its trigger count first: counting starts at 1. Use as a context manager; ``deliver`` is called on the delivery thread, in trigger order."""

    def __init__(
        self,
        source: FrameSource,
        profile: ReadProfile,
        deliver: Callable[[Watched], None],
        *,
        deadline_s: float = 0.05,
        read_budget_s: float = 0.025,
        workers: int = 1,
        in_flight_max: int = 8,
        silence_s: float = 1.0,
        belt: BeltRule = ANY_BELT,
        name: str = "camera",
    ) -> None:
        if not 0 < read_budget_s <= deadline_s:
            raise ValueError("the reading budget must be positive and fit into the deadline")
        self._source = source
        self._profile = profile
        self._deliver = deliver
        self._deadline_s = deadline_s
        self._budget_s = read_budget_s
        self._silence_s = silence_s
        self._name = name
        self.counts = WatchCounts()
        self._readers: queue.SimpleQueue[PieceReader] = queue.SimpleQueue()
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"{name}-read")
        self._tickets: queue.Queue[_Ticket | None] = queue.Queue(in_flight_max + LOST_SPELLED_OUT_MAX)
        self._room = threading.BoundedSemaphore(in_flight_max)
        self._stop = threading.Event()
        self._session = 1
        self._last_trigger = 0
        self._belt = belt
        self._exposed: Exposed | None = None
        self._recent: deque[str] = deque(maxlen=REMEMBERED_FRAMES)
        self._reachable = True
        self._threads = (
            threading.Thread(target=self._take, name=f"{name}-take", daemon=True),
            threading.Thread(target=self._hand_over, name=f"{name}-deliver", daemon=True),
        )

    def start(self, frame_shape: tuple[int, int]) -> None:
        """Warm one reader per worker on frames of ``frame_shape`` (rows, columns), then start watching."""
        for _ in range(self._workers):
            reader = PieceReader(self._profile)
            reader.warm(frame_shape)
            self._readers.put(reader)
        for thread in self._threads:
            thread.start()

    def counted_anew(self) -> None:
        """Say that the camera was just told to count from 1: the next frame begins a new session and is no restart to report.

        Only while nothing is under way: a frame exposed before the reset would be counted into the new session.
        """
        self._session += 1
        self._last_trigger = 0
        self._exposed = None

    def close(self) -> None:
        """Stop taking frames, deliver what is in flight, end the threads."""
        self._stop.set()
        if self._threads[0].is_alive():
            self._threads[0].join(timeout=self._silence_s + 2.0)
        if self._threads[1].is_alive():
            self._tickets.put(None)
            self._threads[1].join(timeout=self._deadline_s * 8 + 2.0)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # taking

    def _take(self) -> None:
        while not self._stop.is_set():
            try:
                frame = self._source.grab(self._silence_s)
            except TimeoutError:
                continue
            except OSError as error:
                self._gone(error)
                self._stop.wait(0.1)
                continue
            self._came_back()
            self.counts.frames += 1
            self._place(frame)

    def _gone(self, error: OSError) -> None:
        if self._reachable:
            self._reachable = False
            log.error("camera %s unreachable: %s", self._name, error)
            self._queue(0, None, None, Problem.UNREACHABLE)

    def _came_back(self) -> None:
        if not self._reachable:
            self._reachable = True
            log.warning("camera %s is back", self._name)

    def _place(self, frame: Frame) -> None:
        """Put one frame into its place in the order of triggers, spelling out what is missing before it."""
        gap = frame.trigger - self._last_trigger - 1
        if gap < 0 and frame.trigger == self._last_trigger:
            self._queue(frame.trigger, frame, None, Problem.OUT_OF_ORDER)
            return
        if gap < 0 or gap > LOST_SPELLED_OUT_MAX:
            self._session += 1
            self._exposed = None
            self.counts.restarts += 1
            log.warning("camera %s restarted: trigger %d after %d", self._name, frame.trigger, self._last_trigger)
            self._queue(0, None, None, Problem.RESTARTED)
        else:
            for trigger in range(self._last_trigger + 1, frame.trigger):
                self.counts.lost += 1
                self._queue(trigger, None, None, Problem.LOST)
        self._last_trigger = frame.trigger
        doubt = self._doubt_of(frame)
        if self._repeats(frame):
            self._queue(frame.trigger, frame, None, Problem.FROZEN)
            return
        if doubt is not None:
            self._queue(frame.trigger, frame, None, Problem(doubt.value))
            return
        if not self._room.acquire(blocking=False):
            self.counts.overloaded += 1
            log.error("camera %s: no room to read trigger %d", self._name, frame.trigger)
            self._queue(frame.trigger, frame, None, Problem.OVERLOADED)
            return
        self._queue(frame.trigger, frame, self._pool.submit(self._read, frame.image, time.perf_counter()), None)

    def _doubt_of(self, frame: Frame) -> Doubt | None:
        """Ask the encoder. The next frame is judged by this one either way: a lasting step of the count costs one frame, not all."""
        before, self._exposed = self._exposed, Exposed(frame.trigger, frame.device_us, frame.encoder)
        doubt = doubt_of(self._belt, before, self._exposed)
        if doubt is not None:
            self.counts.off_belt += 1
            log.error(
                "camera %s: %s: %s after %s, against %s", self._name, doubt.value, self._exposed, before, self._belt
            )
        return doubt

    def _repeats(self, frame: Frame) -> bool:
        """Noise makes two exposures differ: a frame equal to a recent one is that one again, not the next piece."""
        seen = frame_hash(frame.image)
        repeated = seen in self._recent
        self._recent.append(seen)
        if repeated:
            self.counts.frozen += 1
            log.error("camera %s: trigger %d repeats an earlier frame", self._name, frame.trigger)
        return repeated

    def _queue(
        self, trigger: int, frame: Frame | None, future: Future[FrameReading] | None, problem: Problem | None
    ) -> None:
        self._tickets.put(_Ticket(self._session, trigger, frame, future, problem, time.perf_counter()))

    # reading

    def _read(self, image: Gray, arrived: float) -> FrameReading:
        reader = self._readers.get()
        try:
            left = self._deadline_s - (time.perf_counter() - arrived)
            return reader.read(image, min(self._budget_s, max(0.0, left)))
        finally:
            self._readers.put(reader)
            self._room.release()

    # delivering

    def _hand_over(self) -> None:
        while (ticket := self._tickets.get()) is not None:
            watched = self._settled(ticket)
            self.counts.delivered += 1
            try:
                self._deliver(watched)
            except Exception:
                log.exception("camera %s: the listener failed on trigger %d", self._name, ticket.trigger)

    def _settled(self, ticket: _Ticket) -> Watched:
        if ticket.future is None:
            return self._watched(ticket, None, ticket.problem)
        left = self._deadline_s - (time.perf_counter() - ticket.arrived)
        try:
            reading = ticket.future.result(timeout=max(0.0, left))
        except FutureTimeout:
            return self._late(ticket, ticket.future)
        except Exception:
            log.exception("camera %s: reading trigger %d failed", self._name, ticket.trigger)
            return self._watched(ticket, None, Problem.FAILED)
        if time.perf_counter() - ticket.arrived > self._deadline_s:
            return self._late(ticket, ticket.future)
        return self._watched(ticket, reading, None)

    def _late(self, ticket: _Ticket, future: Future[FrameReading]) -> Watched:
        self.counts.late += 1
        log.error(
            "camera %s: trigger %d had no result after %.0f ms", self._name, ticket.trigger, self._deadline_s * 1e3
        )
        if future.cancel():
            self._room.release()
        else:
            future.add_done_callback(self._discard)
        return self._watched(ticket, None, Problem.LATE)

    def _discard(self, future: Future[FrameReading]) -> None:
        self.counts.late_discarded += 1
        log.warning("camera %s: a late result was discarded", self._name)

    def _watched(self, ticket: _Ticket, reading: FrameReading | None, problem: Problem | None) -> Watched:
        age_ms = (time.perf_counter() - ticket.arrived) * 1e3
        return Watched(ticket.session, ticket.trigger, reading, problem, ticket.frame, age_ms)
