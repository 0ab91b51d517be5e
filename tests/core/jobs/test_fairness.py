"""The order in which steps of jobs get workers: simulated, with a clock of the test's own."""

import heapq
import itertools
from dataclasses import dataclass, field

import pytest

from core.jobs.fairness import BACKGROUND, LONG_SECONDS, Claim, Ticket, WorkerSlots

SHORT, LARGE = 5.0, 200.0  # expected seconds of jobs


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Job:
    """steps: seconds of each. window: how many of its steps may wait at once."""

    name: str
    claim: Claim
    steps: list[float]
    start: float = 0.0
    window: int = 2
    long: bool = False
    left: list[float] = field(default_factory=list)
    running: int = 0
    ended: float = -1.0


def run(jobs: list[Job], workers: int, until: float = 10_000.0) -> dict[str, float]:
    """When each job ends."""
    clock, order = Clock(), itertools.count()
    slots = WorkerSlots(workers, clock)
    events: list[tuple[float, int, Job, Ticket | None]] = [(job.start, next(order), job, None) for job in jobs]
    heapq.heapify(events)
    waiting: dict[Ticket, Job] = {}
    for job in jobs:
        job.left = list(job.steps)
    while events and events[0][0] <= until:
        clock.now, _, job, ended = heapq.heappop(events)
        asked = sum(other is job for other in waiting.values())
        for _ in range(min(job.window, len(job.left)) - asked):
            waiting[slots.request(job.claim, job.long, lambda: None)] = job
        if ended:
            slots.release(ended)
            job.running -= 1
            if not job.left and not job.running:
                job.ended = clock.now
        for ticket in [ticket for ticket in waiting if ticket.granted]:
            owner = waiting.pop(ticket)
            owner.running += 1
            heapq.heappush(events, (clock.now + owner.left.pop(0), next(order), owner, ticket))
    return {job.name: job.ended for job in jobs}


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_visitor_with_a_short_job_does_not_wait_for_a_long_one(workers):
    long = Job("long", Claim("a", LARGE), [1.0] * 400, window=workers)
    short = Job("short", Claim("b", SHORT), [1.0] * 10, start=30.0, window=workers)
    ends = run([long, short], workers)
    alone = 10 / workers
    assert ends["short"] <= 30 + alone + 2
    assert ends["long"] == pytest.approx(410 / workers, abs=2)  # no worker is idle


def test_the_shorter_job_of_one_visitor_goes_first():
    ends = run([Job("long", Claim("a", LARGE), [1.0] * 200), Job("short", Claim("a", SHORT), [1.0] * 5, 10.0)], 1)
    assert ends["short"] <= 17


def test_visitors_share_the_workers_equally():
    jobs = [Job(name, Claim(name, LARGE), [1.0] * 100) for name in "abcd"]
    ends = run(jobs, 2)
    assert max(ends.values()) - min(ends.values()) <= 4


def test_a_second_job_gives_a_visitor_no_larger_share():
    jobs = [Job(f"a{i}", Claim("a", LARGE), [1.0] * 100) for i in range(4)] + [Job("b", Claim("b", LARGE), [1.0] * 100)]
    assert run(jobs, 2)["b"] <= 110


def test_nobody_starves_while_short_jobs_of_others_keep_coming():
    long = Job("long", Claim("a", LARGE), [1.0] * 50, window=1)
    flood = [Job(f"s{i}", Claim(f"v{i}", SHORT), [1.0], start=1.25 * i) for i in range(1_000)]
    assert 0 < run([long, *flood], 1, until=1_000.0)["long"] < 500


def test_a_visitors_long_job_is_not_starved_by_their_own_short_ones():
    long = Job("long", Claim("a", LARGE), [1.0] * 20, window=1)
    flood = [Job(f"s{i}", Claim("a", SHORT), [1.0], start=1.25 * i) for i in range(1_000)]
    assert 0 < run([long, *flood], 1, until=1_000.0)["long"] < 500


def test_long_single_steps_leave_a_worker_to_others():
    long = [Job(f"l{i}", Claim(f"a{i}", LARGE, True), [600.0], long=True, window=1) for i in range(4)]
    ends = run([*long, Job("map", Claim("b", SHORT), [2.0, 3.0], start=1.0, window=1)], 2)
    assert ends["map"] <= 7


def test_background_work_comes_after_what_somebody_waits_for_but_not_never():
    behind = Job("behind", Claim("a", SHORT, background=True), [1.0] * 5, window=1)
    front = Job("front", Claim("a", LARGE), [1.0] * 60, window=1)
    assert run([front, behind], 1)["front"] <= 62
    flood = [Job(f"s{i}", Claim(f"v{i}", SHORT), [1.0], start=1.25 * i) for i in range(1_000)]
    assert 0 < run([behind, *flood], 1, until=3_000.0)["behind"] < 10 * BACKGROUND


def test_a_ticket_that_is_given_back_frees_its_worker_and_its_place():
    slots = WorkerSlots(1)
    first, second, third = (slots.request(Claim("a"), False, lambda: None) for _ in range(3))
    assert [ticket.granted for ticket in (first, second, third)] == [True, False, False]
    slots.release(second)
    slots.release(first)
    assert third.granted
    slots.resize(2)
    assert slots.request(Claim("b"), False, lambda: None).granted


def test_a_job_that_is_expected_to_take_long_counts_as_long_on_few_rows():
    claim = Claim("a", SHORT)
    assert not claim.expecting(LONG_SECONDS).long
    assert claim.expecting(LONG_SECONDS + 1).long
    assert claim.expecting(1.0).seconds == 1.0
    assert Claim("a", LARGE, long=True).expecting(1.0).long
