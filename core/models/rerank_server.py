"""Rerankers on a server with POST /rerank: Cohere, Jina, vLLM, llama.cpp, Infinity, text-embeddings-inference."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.corpus.texts import valid_texts
from core.errors import ServiceError
from core.models.openai_client.errors import (
    RERANKING,
    error_text,
    is_about_batch,
    is_too_large,
    message_in,
    quoted,
    without_cause,
)
from core.models.openai_client.requests import Sender, current_patience
from core.secret import Secret
from core.types import ModelSpec

if TYPE_CHECKING:
    import openai

SECONDS = 60.0  # a request may take
RETRIES = 2
MAX_TEXTS = 100  # of a request, halved where a server takes fewer
MAX_CHARACTERS, MIN_CHARACTERS = 8_000, 500  # of a text that are sent, halved where a server finds it too long
BYTES, BYTES_A_CHARACTER = 100_000, 12  # of an answer, since some servers repeat the texts in it, escaped
_LARGEST = 3e38  # float32 ends a little above
REMEDY = "Check that the address is the one before /rerank and that the model is a reranker."


class ServerReranker:
    """Scores of a server. The texts are sent as Cohere and Jina name them ("documents"), or as "texts" where the server
    wants that. Raises ServiceError for a bad key or address and all a server may do wrong, never with the key in it."""

    def __init__(self, model: ModelSpec, secret: Secret | None, http_client: Any = None) -> None:
        self.label = model.name
        self._sender = Sender(model, secret, http_client, SECONDS, RETRIES)
        self._field, self._texts, self._characters = "documents", MAX_TEXTS, MAX_CHARACTERS

    @without_cause
    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float32 scores of the texts as the server gives them: higher is better. Sends one request for each 100
        texts; long ones are truncated to MAX_CHARACTERS, or fewer where the server finds them too long."""
        self._sender.patience = current_patience()
        plain, parts, start = valid_texts(texts), [np.empty(0, np.float32)], 0
        while start < len(plain):
            part = self._score_some(valid_texts([question])[0], plain[start : start + self._texts])
            parts.append(part)
            start += len(part)
        return np.concatenate(parts)

    def _score_some(self, question: str, texts: list[str]) -> np.ndarray:
        """(m,) scores of the first m of the texts, fewer than given where the server takes no more."""
        import openai

        while True:
            texts = [text[: self._characters] for text in texts[: self._texts]]
            try:
                return self._post(question, texts)
            except openai.APIStatusError as error:
                if not self._adapt(error, texts):
                    raise self._sender.explain(error, RERANKING) from None
            except openai.APIError as error:
                raise self._sender.explain(error, RERANKING) from None

    def _post(self, question: str, texts: list[str]) -> np.ndarray:
        body: dict[str, Any] = {"query": question, self._field: texts, "top_n": len(texts)}
        if self._field == "texts":
            body["truncate"] = True  # of text-embeddings-inference, which else refuses long texts
        limit = BYTES + BYTES_A_CHARACTER * sum(map(len, texts))
        content = self._sender.with_retries(lambda: self._sender.post("/rerank", body, limit), threading.Event())
        scores = read_scores(content, len(texts), self._sender.server, self._sender.key)
        self._sender.count("stored")
        return scores

    def _adapt(self, error: openai.APIStatusError, texts: list[str]) -> bool:
        """Whether the request can be sent in another form that this server may take."""
        if self._field == "documents" and error.status_code in (400, 422) and "texts" in error_text(error):
            self._field = "texts"
            return True
        if not is_too_large(error) or error.status_code == 429:
            return False
        longest = max(map(len, texts))
        if len(texts) > 1 and (is_about_batch(error) or error.status_code == 413 or longest <= MIN_CHARACTERS):
            self._texts = len(texts) // 2
            return True
        if longest <= MIN_CHARACTERS:
            return False
        self._characters = max(MIN_CHARACTERS, longest // 2)
        return True


def read_scores(content: bytes, count: int, server: str, key: Secret) -> np.ndarray:
    """(count,) float32 scores in the order of the texts, from the body of an answer: {"results": [{"index",
    "relevance_score"}]}, or a list with "score". Raises ServiceError for anything else, for another number of scores,
    missing or repeated indexes, and scores that are no finite numbers."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        start = quoted(content[:2000].decode("utf-8", "replace"), key)[:100]
        raise _wrong(server, f"something that is not JSON (“{start}”)" if start else "an empty page") from None
    items = body.get("results", body.get("data")) if isinstance(body, dict) else body
    if not isinstance(items, list):
        message = quoted(message_in(body), key)
        raise _wrong(server, f"an error: “{message}”" if message else "JSON without a list of results")
    if len(items) != count:
        raise _wrong(server, f"{len(items):,} scores for {count:,} texts")
    scores = np.full(count, np.nan, np.float32)
    for item in items:
        index, score = _entry(item)
        if index is None or not 0 <= index < count or not np.isnan(scores[index]):
            raise _wrong(server, f"indexes that are not 0 to {count - 1:,}, each once")
        if score is None:
            raise _wrong(server, "a score that is no finite number")
        scores[index] = score
    return scores


def _entry(item: Any) -> tuple[int | None, float | None]:
    """Index and score of a result, None where they are not what they should be."""
    if not isinstance(item, dict):
        return None, None
    index: Any = item.get("index")
    score: Any = item.get("relevance_score", item.get("score"))
    is_score = isinstance(score, int | float) and type(score) is not bool and -_LARGEST < score < _LARGEST
    return index if type(index) is int else None, float(score) if is_score else None


def _wrong(server: str, what: str) -> ServiceError:
    return ServiceError(f"{server} answered with {what}.", REMEDY)
