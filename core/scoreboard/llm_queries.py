"""Search queries that a language model writes for a sample of texts, kept so that each is asked for once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from core.corpus.loaders import load_distinct_texts
from core.errors import InputError, ServiceError
from core.models.chat import Chat, ChatModel, InvalidAnswer
from core.models.openai_client.errors import CHAT_PROGRESS_SAVED, without_cause
from core.models.openai_client.requests import in_parallel
from core.models.openai_client.tokens import estimate_tokens
from core.scoreboard.llm_prompt import INSTRUCTIONS, QUERY_TOKENS, messages, read_queries, shown
from core.scoreboard.types import Task
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, Progress

KIND = "score_queries"
TOGETHER = 10  # texts in one request
IN_FLIGHT = 4  # requests
TRIES = 2  # for one request whose answer can't be used
USELESS = 3  # such requests in a row after which no more are sent
Ask = Callable[[list[dict[str, str]], threading.Event], str]


@dataclass(frozen=True)
class WritingPlan:
    """What writing queries takes. sample: texts asked about; written: that have a query already; tokens_in, tokens_out:
    estimates for the others. first: the first text that is sent, as it is sent; examples: (query, text) kept so far."""

    sample: int
    written: int
    requests: int
    tokens_in: int
    tokens_out: int
    first: str
    examples: tuple[tuple[str, str], ...]


def sampled(count: int, sample: int, seed: int) -> np.ndarray:
    """The places of the distinct texts asked about, in seeded order; a larger sample begins with the smaller."""
    return np.random.default_rng(seed).permutation(count)[:sample]


def writing_plan(corpus: CorpusRef, chat: ChatModel, sample: int, seed: int) -> WritingPlan:
    """What is left to write, and what that takes. Sends nothing."""
    texts, places, kept = _at_hand(corpus, chat, sample, seed)
    left = [texts[place] for place in places if place not in kept]
    requests = -(-len(left) // TOGETHER)
    tokens = sum(estimate_tokens(shown(text)) for text in left) + requests * estimate_tokens(INSTRUCTIONS)
    examples = tuple((kept[place], texts[place]) for place in places if place in kept)[:3]
    first = shown(left[0]) if left else ""
    return WritingPlan(
        len(places), len(places) - len(left), requests, tokens, len(left) * QUERY_TOKENS, first, examples
    )


def written_queries(corpus: CorpusRef, task: Task) -> dict[int, str]:
    """Place of a distinct text -> its query, of a task's sample. Raises InputError where none were written."""
    chat = ChatModel(str(task.get("chat")), str(task.get("server", "")))
    _, places, kept = _at_hand(corpus, chat, int(task.get("sample", 0)), int(task.get("seed", 0)))
    found = {int(place): kept[place] for place in places if place in kept}
    if not found:
        raise InputError(f"{chat.name} has written no queries for these texts.", "Have them written first.")
    return found


@without_cause
def write_queries(
    corpus: CorpusRef,
    chat: ChatModel,
    sample: int,
    seed: int,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> int:
    """Have a language model write a query for each text of the sample that has none, kept as they come; gives how many
    there are then.

    Raises ServiceError where the server fails, or answers USELESS requests in a row with nothing that can be used.
    """
    texts, places, kept = _at_hand(corpus, chat, sample, seed)
    left = [int(place) for place in places if place not in kept]
    batches = [left[start : start + TOGETHER] for start in range(0, len(left), TOGETHER)]
    done = 0
    for batch, found in _answers(batches, texts, Chat(chat, secret).ask):
        kept |= found
        _keep(corpus, chat, seed, kept)
        done += len(batch)
        if progress:
            progress(done, len(left))
    return sum(place in kept for place in places)


def _answers(batches: list[list[int]], texts: list[str], ask: Ask) -> Iterator[tuple[list[int], dict[int, str]]]:
    """As they come; the first is asked for alone, so that a bad key or address is tried once."""
    useless = 0

    def fetch(batch: list[int], stop: threading.Event) -> tuple[dict[int, str], str]:
        return _fetch([texts[place] for place in batch], ask, stop)

    for part, threads in ((batches[:1], 1), (batches[1:], IN_FLIGHT)):
        with closing(in_parallel(part, fetch, threads)) as answers:
            try:
                for batch, (found, wrong) in answers:
                    useless = useless + 1 if wrong else 0
                    if useless == USELESS:
                        raise _useless(wrong)
                    yield batch, {batch[place]: query for place, query in found.items()}
            except ServiceError as error:
                raise ServiceError(
                    error.message, error.remedy.replace(CHAT_PROGRESS_SAVED, "Queries written so far are kept.")
                ) from None


def _fetch(texts: list[str], ask: Ask, stop: threading.Event) -> tuple[dict[int, str], str]:
    """Queries by place, or none and what was wrong with the answer."""
    wrong = ""
    for _ in range(TRIES):
        try:
            return read_queries(ask(messages(texts), stop), len(texts)), ""
        except InvalidAnswer as error:
            wrong = str(error)
    return {}, wrong


def _useless(wrong: str) -> ServiceError:
    return ServiceError(
        f"The model's answers could not be used: {wrong}, {USELESS} requests in a row.",
        "Choose another model, and check that the address is that of a chat server.",
    )


def _at_hand(corpus: CorpusRef, chat: ChatModel, sample: int, seed: int) -> tuple[list[str], list[int], dict[int, str]]:
    """The distinct texts, the sample's places among them, and the queries kept so far by place."""
    texts = load_distinct_texts(corpus)
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, _inputs(chat, seed))
    kept = dict(zip(stored.arrays["places"].tolist(), stored.facts["queries"], strict=True)) if stored else {}
    return texts, [int(place) for place in sampled(len(texts), sample, seed)], kept


def _keep(corpus: CorpusRef, chat: ChatModel, seed: int, kept: dict[int, str]) -> None:
    arrays = {"places": np.fromiter(kept, np.int64, len(kept))}
    Workspace(corpus.folder).save(KIND, corpus.digest, _inputs(chat, seed), arrays, {"queries": list(kept.values())})


def _inputs(chat: ChatModel, seed: int) -> dict[str, object]:
    return {"chat": chat.name, "server": chat.base_url, "seed": seed, "version": 1}
