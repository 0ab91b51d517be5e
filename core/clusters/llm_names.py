"""Short names of clusters by a chat model: siblings are named together, bad answers are survived."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from core.clusters.llm_prompt import Subject, messages, read_names
from core.errors import ServiceError
from core.models.chat import InvalidAnswer
from core.models.openai_client.requests import in_parallel
from core.types import Progress

TOGETHER = 10  # clusters named in one request
MOST_TOKENS = 3_000  # of a request's data, since small servers cut what is longer than their context
IN_FLIGHT = 4  # requests
TRIES = 2  # for one request whose answer can't be used
USELESS = 3  # such requests in a row after which no more are sent
Ask = Callable[[list[dict[str, str]], threading.Event], str]
Keep = Callable[[dict[int, str]], None]


@dataclass(frozen=True)
class Request:
    """Clusters named together. taken: names that none of them may have."""

    subjects: tuple[Subject, ...]
    taken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """names by label, of some or all of the clusters asked for; wrong: why there are none."""

    names: dict[int, str]
    wrong: str = ""


def sibling_groups(labels: Sequence[int], parents: Mapping[int, int] | None, centers: np.ndarray) -> list[list[int]]:
    """Labels in groups of at most TOGETHER: those of one parent stay together, near ones where there are more.

    parents: label -> its cluster one level coarser; without, near ones by their centers (c, d), unit rows. Small
    families share a group.
    """
    families: dict[int, list[int]] = {}
    for label in labels:
        families.setdefault(parents[label] if parents else 0, []).append(label)
    groups: list[list[int]] = []
    for family in families.values():
        for part in _near(family, centers):
            if groups and len(groups[-1]) + len(part) <= TOGETHER and parents:
                groups[-1] += part
            else:
                groups.append(part)
    return groups


def _near(labels: list[int], centers: np.ndarray) -> Iterator[list[int]]:
    """Parts of at most TOGETHER: the first label left and those nearest it by cosine."""
    left = np.array(labels)
    while len(left) > TOGETHER:
        order = np.argsort(-(centers[left] @ centers[left[0]]), kind="stable")
        order = np.concatenate([[0], order[order != 0]])
        yield [int(label) for label in np.sort(left[order[:TOGETHER]])]
        left = np.sort(left[order[TOGETHER:]])
    if len(left):
        yield [int(label) for label in left]


def requests(groups: Sequence[Sequence[Subject]], taken: Sequence[str] = ()) -> list[Request]:
    """One request a group, or several where it is too long for one."""
    made = []
    for group in groups:
        batch: list[Subject] = []
        for each in group:
            if batch and sum(one.tokens for one in (*batch, each)) > MOST_TOKENS:
                made.append(Request(tuple(batch), tuple(taken)))
                batch = []
            batch.append(each)
        made.append(Request(tuple(batch), tuple(taken)))
    return [request for request in made if request.subjects]


def name_clusters(
    wanted: Sequence[Request], others: Sequence[str], ask: Ask, keep: Keep, progress: Progress | None = None
) -> tuple[dict[int, str], str]:
    """Names by label, as the model gave them, and what was wrong with the last answer that could not be used, or "".

    keep is given each answer's names as it comes. others: names of clusters that are not asked for. What has no name
    yet, or one that another has, is asked for once more, those of one name together. Raises ServiceError where the
    server fails, or answers USELESS requests in a row with nothing that can be used.
    """
    subjects = {subject.label: subject for request in wanted for subject in request.subjects}
    total, found, wrong = len(subjects), dict[int, str](), ""
    for again in (False, True):
        batches = _second_round(subjects, found, others) if again else list(wanted)
        for answer in _answers(batches, ask):
            found |= answer.names
            wrong = answer.wrong or wrong
            keep(answer.names)
            if progress:
                progress(len(found), total)
    return found, wrong if len(found) < total else ""


def distinct(given: Mapping[int, str], names: Sequence[str], own: Sequence[str]) -> dict[int, str]:
    """The given names that no other cluster has; one that is taken is left out where the cluster's own name is free,
    else numbered.

    names: of all clusters at present; own: those they go back to.
    """
    used = {name.casefold() for label, name in enumerate(names) if label not in given}
    made = {}
    for label, name in sorted(given.items()):
        number, free = 2, name
        if name.casefold() in used and own[label].casefold() not in used:
            used.add(own[label].casefold())
            continue
        while free.casefold() in used:
            free, number = f"{name} ({number})", number + 1
        made[label] = free
        used.add(free.casefold())
    return made


def _answers(batches: list[Request], ask: Ask) -> Iterator[Answer]:
    """As they come; the first is asked for alone, so that a bad key or address is tried once."""
    useless = 0
    for part, threads in ((batches[:1], 1), (batches[1:], IN_FLIGHT)):
        with closing(in_parallel(part, lambda request, stop: _fetch(request, ask, stop), threads)) as answers:
            for _, answer in answers:
                useless = useless + 1 if answer.wrong else 0
                if useless == USELESS:
                    raise ServiceError(
                        f"The model's answers could not be used: {answer.wrong}, {useless} requests in a row.",
                        "Choose another model, and check that the address is that of a chat server.",
                    )
                yield answer


def _fetch(request: Request, ask: Ask, stop: threading.Event) -> Answer:
    wrong = ""
    for _ in range(TRIES):
        try:
            names = read_names(ask(messages(request.subjects, request.taken), stop), len(request.subjects))
        except InvalidAnswer as error:
            wrong = str(error)
        else:
            return Answer({request.subjects[place].label: name for place, name in names.items()})
    return Answer({}, wrong)


def _second_round(subjects: Mapping[int, Subject], found: Mapping[int, str], others: Sequence[str]) -> list[Request]:
    """Clusters of one name, each lot with that name taken, and those that have none."""
    taken = {name.casefold() for name in others}
    lots: dict[str, list[int]] = {}
    for label, name in sorted(found.items()):
        lots.setdefault(name.casefold(), []).append(label)
    made = []
    for name, labels in lots.items():
        if len(labels) > 1 or name in taken:
            made += _parts([subjects[label] for label in labels], (found[labels[0]],))
    missing = [each for label, each in sorted(subjects.items()) if label not in found]
    return made + (_parts(missing, tuple(found.values())) if found else [])


def _parts(subjects: Sequence[Subject], taken: tuple[str, ...]) -> list[Request]:
    groups = [subjects[start : start + TOGETHER] for start in range(0, len(subjects), TOGETHER)]
    return requests(groups, taken)
