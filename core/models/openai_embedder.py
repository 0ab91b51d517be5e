"""Embeddings from OpenAI, or from any server that speaks its protocol (vLLM, TEI, Ollama, LM Studio, Infinity)."""

import threading
import tomllib
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import RateLimitError, ServiceError, TextsError
from core.models.base import Backend, BatchSize, Capabilities, Embedder, LoadOptions, OnBatch, Price, ServerState
from core.models.openai_client import models
from core.models.openai_client.delivery import PROBE_TEXT, Delivery, Part
from core.models.openai_client.errors import UnansweredError, without_cause
from core.models.openai_client.packing import Assembly, Piece, pack, split_texts
from core.models.openai_client.requests import Sender, current_patience, in_parallel
from core.models.openai_client.tokens import TokenCounter, openai_tokens
from core.secret import Secret
from core.types import ModelSpec

PROBE_SECONDS = 15.0  # how long a person who adds a model waits for its server
ESTIMATE_SECONDS = 8.0  # a request to measure time may take
LOADING = "Check the address and that it is running; one still loading its model may answer if you try again soon."
MAX_REFUSED = 200  # texts that a server refuses before it is given up
MAX_UNANSWERED = 40  # of them those that it does not answer for, each of which takes a minute or more


class OpenAIEmbedder(Embedder):
    """An `Embedder` over HTTP. Packs requests to the server's limits, several in flight, and checks every answer.

    A text longer than the window, or one the server calls too long, is split; its vector is the token-weighted mean of
    its pieces. Raises ServiceError for a bad key or address and all a server may do wrong, never with the key in it.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        api_key: str | Secret | None,
        http_client: Any | None = None,
        concurrency: int = 4,
        timeout: float = 60,
        max_retries: int = 5,
    ) -> None:
        super().__init__(models.completed(spec))
        self._sender = Sender(self._spec, api_key, http_client, timeout, max_retries)
        self._limits = models.limits_of(self._spec)
        self._delivery = Delivery(self._sender, self._limits.inputs, self.count_tokens, patient=max_retries > 0)
        self.server = ServerState(concurrency=concurrency)
        native = models.native_dimensions(self._spec)
        self._is_resolved = self._spec.probed or native is not None
        self._requested_dimensions = None if native in (None, self._spec.dimensions) else self._spec.dimensions

    @property
    def server(self) -> ServerState:
        return self._delivery.server

    @server.setter
    def server(self, state: ServerState) -> None:
        self._delivery.server = state

    @property
    def facts(self) -> dict[str, int]:
        """Counted since this embedder was created: requests sent, retries among them, texts split and averaged."""
        return {name: self._sender.counts[name] for name in ("requests", "retries", "split")}

    @property
    def tokens_exact(self) -> bool:  # type: ignore[override]
        return models.is_openai(self._spec) and self.counter.exact

    @cached_property
    def counter(self) -> TokenCounter:
        """Cached, so that one run never mixes exact and estimated counts."""
        return openai_tokens()

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        """(n, d) float32 unit rows of documents. on_batch(positions, rows) is called as each request finishes."""
        return self._embed(texts, self._spec.document_prompt, on_batch)

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows of queries, the query prompt before each."""
        return self._embed(texts, self._spec.query_prompt, None)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64 tokens of each text, before any split; see `tokens_exact`."""
        return self.counter.count(texts)

    def resolve(self) -> ModelSpec:
        """The spec with dimensions filled in; asks an unknown model for one vector, OpenAI's known ones for none.

        Only a size that differs from the server's default is requested: some refuse even that one (vLLM issue 16331).
        """
        if not self._is_resolved:
            native = self._probe()
            if self._spec.dimensions is None:
                self._spec = replace(self._spec, dimensions=native, probed=True)
            self._requested_dimensions = None if self._spec.dimensions == native else self._spec.dimensions
            self._is_resolved = True
        return self._spec

    def confirm(self) -> ModelSpec:
        """As `resolve`; one more request checks that the server supports the dimensions, where these are requested."""
        spec = self.resolve()
        if spec.base_url and self._requested_dimensions is not None:
            self._probe(self._requested_dimensions)
        return spec

    def renamed(self, name: str) -> "OpenAIEmbedder | None":
        """Of a compatible server; OpenAI is known to mind the name."""
        if models.is_openai(self._spec):
            return None
        spec, sender = replace(self._spec, name=name), self._sender
        options: dict[str, Any] = {"api_key": sender.key, "http_client": sender.http_client}
        return OpenAIEmbedder(spec, **options, timeout=PROBE_SECONDS, max_retries=0)

    @without_cause
    def _probe(self, dimensions: int | None = None) -> int:
        """How many numbers the server answers one short text with. dimensions: requested, and checked."""
        import openai

        try:
            return self._sender.embeddings([PROBE_TEXT], dimensions, dimensions, threading.Event()).rows.shape[1]
        except openai.APITimeoutError as error:
            raise ServiceError(self._sender.explain(error).message, LOADING) from None
        except openai.APIError as error:
            raise self._sender.explain(error) from None

    @without_cause
    def _embed(self, texts: Sequence[str], prompt: str, on_batch: OnBatch | None) -> np.ndarray:
        self._sender.patience = current_patience()  # here, since requests have threads of their own
        dimensions = self.resolve().dimensions
        self._delivery.requested, self._delivery.expected = self._requested_dimensions, dimensions
        pieces = split_texts(texts, self._limits, self.counter, prompt)
        assembly, refused = Assembly(pieces, len(texts)), dict[int, ServiceError]()
        self._sender.count("split", int(np.count_nonzero(assembly.several)))
        try:
            # closed at once where on_batch raises, so that nothing more is sent
            with closing(self._answers(list(pack(pieces, self._limits)))) as answers:
                for part in answers:
                    refused |= {piece.text: error for piece, error in part.refused}
                    if part.pieces:
                        done, rows = assembly.add(part.pieces, np.stack(part.rows))
                        if on_batch and done:
                            on_batch(done, rows)
                            self._sender.count("stored", len(done))
                    unanswered = [error for error in refused.values() if isinstance(error, UnansweredError)]
                    if len(refused) > MAX_REFUSED or len(unanswered) > MAX_UNANSWERED:
                        raise next(iter(unanswered or refused.values()))
        except RateLimitError as error:
            messages = {position: refusal.message for position, refusal in refused.items()}
            raise RateLimitError(error.message, error.remedy, error.seconds, messages) from None
        if refused:
            raise texts_error(refused, len(texts))
        return np.zeros((0, dimensions or 0), np.float32) if assembly.rows is None else assembly.rows

    def _answers(self, batches: list[list[Piece]]) -> Generator[Part, None, None]:
        """Requests in parallel after the very first one, so that a bad key or address is tried once, not four times."""
        first = 0 if self._sender.reached else 1
        for some, threads in ((batches[:first], 1), (batches[first:], self.server.concurrency)):
            with closing(in_parallel(some, self._fetch, threads)) as answers:
                yield from (part for _, part in answers)

    def _fetch(self, batch: list[Piece], stop: threading.Event) -> Part:
        import openai

        try:
            return self._delivery.send(batch, stop)
        except openai.APIError as error:
            raise self._sender.explain(error) from None  # the SDK's error holds the request and with it the key


def texts_error(refused: Mapping[int, ServiceError], total: int) -> ServiceError:
    """The error for texts, by position, that a server refused; of a single text it is the server's own."""
    first = min(refused)
    message = refused[first].message
    if total > 1:
        message = f"{len(refused):,} of {total:,} texts could not be embedded. Text {first + 1:,}: {message}"
    return TextsError(message, refused[first].remedy, {position: error.message for position, error in refused.items()})


def resolve_openai(spec: ModelSpec, api_key: str | Secret | None, http_client: Any | None = None) -> ModelSpec:
    """The spec with address, dimensions and window filled in.

    OpenAI's known models and specs with `probed` take no request; others one with a short text, given PROBE_SECONDS and
    not repeated, and a second one where other dimensions than the server's own are requested. Raises ServiceError.
    """
    embedder = OpenAIEmbedder(spec, api_key=api_key, http_client=http_client, timeout=PROBE_SECONDS, max_retries=0)
    return embedder.confirm()


PRESETS = tuple(models.completed(ModelSpec(models.BACKEND_NAME, name)) for name in models.NATIVE)
_SIZES = (256, 512, 1024, 1536, 3072)


@lru_cache(maxsize=1)
def prices() -> dict[str, Price]:
    """The price of each OpenAI model in openai_prices.toml."""
    table = tomllib.loads(Path(__file__).with_name("openai_prices.toml").read_text(encoding="utf-8"))
    listed = table["openai"]["per_million_tokens"].items()
    return {name: Price(float(usd), table["date"], table["openai"]["source"]) for name, usd in listed}


class OpenAIBackend(Backend):
    """OpenAI is paid; a compatible server is free on this machine or network, elsewhere its price is not known."""

    def capabilities_of(self, spec: ModelSpec) -> Capabilities:
        if not models.is_openai(spec):
            return replace(
                self.capabilities,
                description="A model on a server you name; texts are sent there.",
                paid=not models.is_private_server(spec),
                provider="",
                key_name=spec.base_url,
                needs_key=False,
            )
        native = models.NATIVE.get(spec.name, 0) if spec.name in models.SHORTENED else 0
        sizes = tuple(size for size in _SIZES if size <= native)
        return replace(self.capabilities, price=prices().get(spec.name), dimension_choices=sizes)

    def complete(self, spec: ModelSpec) -> ModelSpec:
        return models.completed(spec)

    def max_tokens_of(self, texts: Sequence[str]) -> int:
        counter = openai_tokens()
        return int(counter.count(texts).sum()) if counter.exact else super().max_tokens_of(texts)

    def is_resolved(self, spec: ModelSpec) -> bool:
        return spec.probed or models.native_dimensions(spec) is not None

    def resolve(self, spec: ModelSpec, options: LoadOptions) -> ModelSpec:
        return spec if self.is_resolved(spec) else resolve_openai(spec, options.api_key, options.http_client)

    def load(self, spec: ModelSpec, options: LoadOptions) -> OpenAIEmbedder:
        manner: dict[str, Any] = {} if options.patient else {"timeout": ESTIMATE_SECONDS, "max_retries": 0}
        return OpenAIEmbedder(spec, api_key=options.api_key, http_client=options.http_client, **manner)


BACKEND = OpenAIBackend(
    Capabilities(
        description="OpenAI's model for many languages; texts are sent to OpenAI, which charges by the token.",
        splits_long_texts=True,
        separate_queries=False,
        batch=BatchSize(8_192, 1_200_000),  # a few full requests in flight
        provider="OpenAI",
        key_name=models.KEY_NAME,
        needs_key=True,
        any_dimensions=True,
        loading="",
    ),
    models=PRESETS,
    presets=PRESETS,
)
