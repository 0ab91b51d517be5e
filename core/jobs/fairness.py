"""Which waiting step of which job gets the next free worker.

Visitors (workspaces) that used the workers least come first, among the steps of one visitor those of the shorter job.
Use is forgotten by half every minute and every second of waiting counts against a second of use, so nobody waits
forever. A step can't be interrupted: long ones, of many rows or by their expected time, never hold all workers.
(Fair-share scheduling, Kay and Lauder, 1988.)
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.jobs.types import JobSpec
from core.store import Workspace

HALF_LIFE = 60.0  # seconds until use of the workers counts half
LONG_ROWS = 10_000  # a single step on more rows may take minutes
LONG_SECONDS = 30.0  # expected, from which on a step is called long
CHAT_KINDS = ("name_clusters", "write_queries")  # one step asks a language model many times
ROWS_PER_SECOND = 100  # a rough pace, for the order of jobs
BACKGROUND = 120.0  # seconds of use that work nobody waits for starts with


@dataclass(frozen=True)
class Claim:
    """A job as the queue sees it. visitor: its workspace. seconds: about how long it takes. long: its single steps
    may take minutes. background: nobody waits for it."""

    visitor: str = ""
    seconds: float = 0.0
    long: bool = False
    background: bool = False

    def expecting(self, seconds: float) -> "Claim":
        """The same, once it is known about how long the job takes: training may take minutes on few rows."""
        return replace(self, seconds=seconds, long=self.long or seconds > LONG_SECONDS)

    def urgency(self, waited: float) -> float:
        """Lower goes first: short jobs, unless a longer one has waited for as long as it takes."""
        return self.seconds - waited


def claim_of(spec: JobSpec) -> Claim:
    """What is known of a job before it runs: the rows of its corpus."""
    info = Workspace(spec.workspace).info(spec.corpus) if spec.corpus else None
    rows = info.rows if info else 0
    long = rows > LONG_ROWS or spec.kind in CHAT_KINDS
    return Claim(spec.workspace, rows / ROWS_PER_SECOND, long, spec.background)


def overlap(one: JobSpec, other: JobSpec) -> bool:
    """Whether two jobs of a visitor would compute the same steps: both are about a model on a corpus."""
    same = one.corpus == other.corpus or "" in (one.corpus, other.corpus)  # "": a job that reads its corpus itself
    return same and bool(one.models & other.models)


@dataclass(eq=False)
class Ticket:
    """A step's place in the queue. long: this step may hold its worker for minutes. started: None while it waits."""

    claim: Claim
    long: bool
    asked: float
    wake: Callable[[], None]
    started: float | None = None

    @property
    def granted(self) -> bool:
        return self.started is not None


class WorkerSlots:
    """Grants `count` workers to steps. Thread-safe; clock: seconds, for tests."""

    def __init__(self, count: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.count, self._clock = count, clock
        self._waiting: list[Ticket] = []
        self._running: set[Ticket] = set()
        self._used: dict[str, tuple[float, float]] = {}  # visitor -> worker seconds, counted at
        self._served: dict[str, float] = {}  # visitor -> when a step of theirs got a worker
        self._lock = threading.Lock()

    def resize(self, count: int) -> None:
        """After workers came or went."""
        with self._lock:
            self.count = max(count, 1)
            granted = self._grant()
        _wake(granted)

    def request(self, claim: Claim, long: bool, wake: Callable[[], None]) -> Ticket:
        """A place in the queue; `wake` is called when it is granted, perhaps at once. It must be released."""
        ticket = Ticket(claim, long, self._clock(), wake)
        with self._lock:
            self._waiting.append(ticket)
            granted = self._grant()
        _wake(granted)
        return ticket

    def release(self, ticket: Ticket) -> None:
        """After the step ended, or is not needed any more."""
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            if ticket in self._running:
                self._running.remove(ticket)
                now, visitor = self._clock(), ticket.claim.visitor
                self._used[visitor] = (self._past_use(visitor, now) + now - (ticket.started or now), now)
            granted = self._grant()
        _wake(granted)

    def use(self, visitor: str) -> float:
        """Worker seconds a visitor used lately, running steps included."""
        now = self._clock()
        running = (now - (ticket.started or now) for ticket in self._running if ticket.claim.visitor == visitor)
        return self._past_use(visitor, now) + sum(running)

    def _past_use(self, visitor: str, now: float) -> float:
        used, at = self._used.get(visitor, (0.0, now))
        return used * 0.5 ** ((now - at) / HALF_LIFE)

    def _grant(self) -> list[Ticket]:
        granted = []
        while len(self._running) < self.count and (ticket := self._next()):
            ticket.started = self._served[ticket.claim.visitor] = self._clock()
            self._waiting.remove(ticket)
            self._running.add(ticket)
            granted.append(ticket)
        return granted

    def _next(self) -> Ticket | None:
        """The ticket to grant: of the visitor with the least use, less the time they wait, its most urgent one."""
        spare = self.count == 1 or sum(ticket.long for ticket in self._running) < self.count - 1
        eligible = [ticket for ticket in self._waiting if spare or not ticket.long]
        return min(eligible, key=self._rank, default=None)

    def _rank(self, ticket: Ticket) -> tuple[float, float]:
        now, claim = self._clock(), ticket.claim
        first = min(other.asked for other in self._waiting if other.claim.visitor == claim.visitor)
        waited = now - max(first, self._served.get(claim.visitor, first))
        behind = BACKGROUND if claim.background else 0.0
        return self.use(claim.visitor) - waited + behind, claim.urgency(now - ticket.asked)


def _wake(granted: list[Ticket]) -> None:
    for ticket in granted:
        ticket.wake()
