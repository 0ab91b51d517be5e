"""Embeddings from OpenAI, or from any server that speaks its protocol (vLLM, TEI, Ollama, LM Studio, Infinity)."""

import threading
import tomllib
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ServiceError
from core.models.base import Backend, BatchSize, Capabilities, Embedder, LoadOptions, OnBatch, Price
from core.models.openai_client import models
from core.models.openai_client.errors import is_about_batch, is_too_large, without_cause
from core.models.openai_client.packing import BLANK, Assembly, Piece, pack, split_texts, weighted_row
from core.models.openai_client.requests import Sender, in_parallel
from core.models.openai_client.tokens import TokenCounter, openai_tokens
from core.secret import Secret
from core.types import ModelSpec

PROBE_TEXT = "dimension probe"
PROBE_SECONDS = 15.0  # how long a person who adds a model waits for its server
LOADING = "Check the address and that it is running; one still loading its model may answer if you try again soon."
MIN_HALF = 64  # characters; a server that refuses less than two of these refuses for another reason


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
        self._inputs = self._limits.inputs
        self._concurrency = concurrency
        native = models.native_dimensions(self._spec)
        self._is_resolved = self._spec.probed or native is not None
        self._requested_dimensions = None if native in (None, self._spec.dimensions) else self._spec.dimensions

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
            return self._sender.embeddings([PROBE_TEXT], dimensions, dimensions, threading.Event()).shape[1]
        except openai.APITimeoutError as error:
            raise ServiceError(self._sender.explain(error).message, LOADING) from None
        except openai.APIError as error:
            raise self._sender.explain(error) from None

    @without_cause
    def _embed(self, texts: Sequence[str], prompt: str, on_batch: OnBatch | None) -> np.ndarray:
        dimensions = self.resolve().dimensions
        pieces = split_texts(texts, self._limits, self.counter, prompt)
        assembly = Assembly(pieces, len(texts))
        self._sender.count("split", int(np.count_nonzero(assembly.several)))
        # closed at once where on_batch raises, so that nothing more is sent
        with closing(self._answers(list(pack(pieces, self._limits)))) as answers:
            for batch, vectors in answers:
                done, rows = assembly.add(batch, vectors)
                if on_batch and done:
                    on_batch(done, rows)
                    self._sender.count("stored", len(done))
        return np.zeros((0, dimensions or 0), np.float32) if assembly.rows is None else assembly.rows

    def _answers(self, batches: list[list[Piece]]) -> Generator[tuple[list[Piece], np.ndarray], None, None]:
        """Requests in parallel after the very first one, so that a bad key or address is tried once, not four times."""
        first = 0 if self._sender.reached else 1
        yield from in_parallel(batches[:first], self._fetch, 1)
        yield from in_parallel(batches[first:], self._fetch, self._concurrency)

    def _fetch(self, batch: list[Piece], stop: threading.Event) -> np.ndarray:
        """(len(batch), d) unit rows of one request, or of several where the server takes fewer at once."""
        import openai

        contents, rows = [piece.content for piece in batch], []
        try:
            while contents:
                size = self._inputs  # other threads may lower it meanwhile
                some, contents = contents[:size], contents[size:]
                rows.append(self._fetch_some(some, stop))
        except openai.APIError as error:
            raise self._sender.explain(error) from None  # the SDK's error holds the request and with it the key
        return np.concatenate(rows)

    def _fetch_some(self, contents: list[str], stop: threading.Event, part: bool = False) -> np.ndarray:
        import openai

        try:
            return self._sender.embeddings(contents, self._requested_dimensions, self._spec.dimensions, stop)
        except openai.APIStatusError as error:
            if not is_too_large(error):
                raise
            if len(contents) == 1:
                return self._fetch_halved(contents[0], error, stop, part)
            half = (len(contents) + 1) // 2
            if is_about_batch(error):
                self._inputs = min(self._inputs, half)
        return np.concatenate([self._fetch_some(some, stop, part) for some in (contents[:half], contents[half:])])

    def _fetch_halved(self, text: str, error: Exception, stop: threading.Event, part: bool) -> np.ndarray:
        """(1, d): the mean of both halves of a text that the server finds too long."""
        middle = len(text) // 2
        if middle < MIN_HALF:
            raise error
        at = max(0, text.rfind(" ", middle - middle // 4, middle)) or middle
        halves = [half if half.strip() else BLANK for half in (text[:at], text[at:])]
        rows = np.concatenate([self._fetch_some([half], stop, part=True) for half in halves])
        self._sender.count("split", 0 if part else 1)
        return weighted_row(np.maximum(1, self.count_tokens(halves)) @ rows)[None, :]


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
        return OpenAIEmbedder(spec, api_key=options.api_key, http_client=options.http_client)


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
