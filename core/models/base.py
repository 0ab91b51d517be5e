"""What a backend declares and what an embedder offers. Everything not declared has the cautious default."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from core.corpus.texts import batches, valid_texts
from core.errors import ModelError
from core.secret import Secret
from core.types import ModelSpec

OnBatch = Callable[[list[int], np.ndarray], None]  # takes positions among the texts and their rows, once computed


class BatchSize(NamedTuple):
    """The most texts and characters that are embedded by one call."""

    texts: int
    characters: int


LOCAL_BATCH = BatchSize(1_024, 40_000)  # about three seconds of work for a small model on one core


@dataclass(frozen=True)
class Price:
    """per_million_usd: US dollars for a million input tokens, 0 for models that run here. date: YYYY-MM, "" for 0."""

    per_million_usd: float
    date: str
    source: str

    def usd(self, tokens: int) -> float:
        return self.per_million_usd * tokens / 1_000_000


FREE = Price(0.0, "", "runs on this machine")


@dataclass(frozen=True)
class Capabilities:
    """What a model can do, needs and costs. The defaults are those of a paid service whose price is not known.

    description: one sentence for people. hosted: texts are sent to a server. paid: a request may be charged, so nothing
    is sent before consent, and never to measure time. price: None where not known. can_embed: new texts and queries can
    be embedded. splits_long_texts: those beyond the window are split and averaged, not truncated. separate_queries: a
    text's vector as a query may differ from that as a document. batch: per call of `embed`. provider: the service's
    name in messages. key_name: whose API key is sent, an environment variable's name or a server's address; "" for
    none. needs_key: required. any_dimensions: shorter vectors can be requested. dimension_choices: those offered.
    loading: shown meanwhile, "" where quick. prepared_once: files are made at first use, by `preparation_threads`
    threads (None: all cores). closed_vocabulary: only words of its vocabulary count, so that fixed texts say little.
    """

    description: str = "A model of a service; texts are sent there, and it may charge for them."
    hosted: bool = True
    paid: bool = True
    price: Price | None = None
    can_embed: bool = True
    splits_long_texts: bool = False
    separate_queries: bool = True
    batch: BatchSize = LOCAL_BATCH
    provider: str = ""
    key_name: str = ""
    needs_key: bool = False
    any_dimensions: bool = False
    dimension_choices: tuple[int, ...] = ()
    loading: str = "Loading the model"
    prepared_once: bool = False
    preparation_threads: int | None = 1
    closed_vocabulary: bool = False


LOCAL = Capabilities(hosted=False, paid=False, price=FREE, separate_queries=False, loading="")


@dataclass(frozen=True)
class ServerState:
    """What a run has learned of a server, handed on from one worker to the next.

    inputs: the most texts a request may hold, None where that is not known. concurrency: requests in flight. notes:
    sentences for people on how its answers are read.
    """

    inputs: int | None = None
    concurrency: int = 4
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadOptions:
    """models_folder: of exported and distilled files. local_only: never contact a model hub. threads: None for all.

    patient: repeat requests that fail and find out which text is at fault; else give up soon, as an estimate does.
    workspace: its folder, for models that were trained there.
    """

    models_folder: Path
    api_key: str | Secret | None = None
    http_client: Any | None = None
    local_only: bool = False
    threads: int | None = None
    patient: bool = True
    workspace: str | Path = ""


class Embedder:
    """Turns texts into unit vectors. A subclass defines `encode` (or `embed` and `embed_query`) and `count_tokens`.

    Empty texts get a vector like any other. tokens_exact: `count_tokens` counts as the model does, not an estimate.
    """

    tokens_exact: bool = True
    server = ServerState()

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec

    @property
    def spec(self) -> ModelSpec:
        """Resolved: dimensions, max_tokens, prompts and (where available) revision are filled in."""
        return self._spec

    def resolve(self) -> ModelSpec:
        """The spec with its dimensions; a server may be sent one short text to learn them."""
        return self._spec

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows of documents, all computed at once."""
        raise NotImplementedError

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        """(n, d) float32 unit rows of documents in input order; shape (0, d) for no texts.

        Raises TextsError where a server refuses some of them, after on_batch was called with all others.
        """
        rows = self.encode(texts)
        if on_batch:
            on_batch(list(range(len(rows))), rows)
        return rows

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows of queries: with the model's query prompt where it has one."""
        return self.encode(texts)

    def renamed(self, name: str) -> "Embedder | None":
        """An embedder of another model of the same server, without retries; None for models that run here."""
        return None

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64 tokens of each text as the model counts them, special tokens included, before truncation."""
        raise NotImplementedError

    def count_unknown(self, texts: Sequence[str]) -> np.ndarray | None:
        """(n,) int64 tokens of each text that have no vector; None where every token counts."""
        return None


class Reranker(Protocol):
    """Scores texts for a question more precisely, and more slowly, than vectors do. label: its name for people."""

    @property
    def label(self) -> str: ...

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float32 relevance of each text to the question, higher is better."""
        ...


def in_batches(texts: Sequence[str], compute: Callable[[list[str]], Any], width: int | None = None) -> np.ndarray:
    """What `compute` gives for batches of the texts: (n, width) float32, or (n,) int64 without a width."""
    plain = valid_texts(texts)
    results = np.empty(len(plain), np.int64) if width is None else np.empty((len(plain), width), np.float32)
    for positions, batch in batches(plain):
        results[positions] = compute(batch)
    return results


@dataclass(frozen=True)
class Backend:
    """One way to compute vectors. A subclass in its own file declares its capabilities and loads its models.

    models: the built-in ones. presets: those offered to people, the first choice in front. aliases: other names.
    in_workspace: its models are trained in a workspace and stored there, so that a name alone does not lead to them.
    """

    capabilities: Capabilities = Capabilities()
    models: tuple[ModelSpec, ...] = ()
    presets: tuple[ModelSpec, ...] = ()
    aliases: Mapping[str, ModelSpec] = field(default_factory=dict)
    in_workspace: bool = False

    def capabilities_of(self, spec: ModelSpec) -> Capabilities:
        """The capabilities of one model, where they depend on it."""
        return self.capabilities

    def fine_tuning_base(self, spec: ModelSpec) -> ModelSpec | None:
        """The model whose weights are trained to fine-tune this one; None where there are none."""
        return None

    def torch_weights(self, spec: ModelSpec, workspace: str | Path) -> ModelSpec:
        """The spec by which sentence-transformers loads the weights of a `fine_tuning_base`. Raises ModelError."""
        return spec

    def complete(self, spec: ModelSpec) -> ModelSpec:
        """The spec with everything filled in that needs no loading. Raises ModelError, ServiceError where invalid."""
        return built_in(spec, self.models) if self.models else spec

    def is_resolved(self, spec: ModelSpec) -> bool:
        """Whether loading the model would fill in nothing more."""
        return True

    def look_up(self, spec: ModelSpec) -> None:
        """Raise ModelError within seconds where there is no such model, or it can't be reached; loads nothing."""

    def resolve(self, spec: ModelSpec, options: LoadOptions) -> ModelSpec:
        """The spec with everything filled in, by loading the model or contacting its server where that is the way."""
        return spec if self.is_resolved(spec) else self.load(spec, options).spec

    def max_tokens_of(self, texts: Sequence[str]) -> int:
        """An upper bound of the tokens charged for: no byte-level BPE gives more tokens than UTF-8 bytes."""
        return sum(len(text.encode("utf-8", "replace")) for text in texts)

    def load(self, spec: ModelSpec, options: LoadOptions) -> Embedder:
        """Raises ModelError saying what to do; ServiceError for a bad key or address."""
        raise ModelError(f"{spec.label} can't be loaded: there is no backend {spec.backend!r}.", "Choose another.")


def built_in(spec: ModelSpec, models: Sequence[ModelSpec]) -> ModelSpec:
    """The built-in model a spec names. Raises ModelError where there is none, or it gives other vectors today."""
    current = next((model for model in models if model.label == spec.label), None)
    if current is None:
        labels = ", ".join(model.label for model in models)
        raise ModelError(f"There is no model named {spec.label!r}.", f"Available: {labels}.")
    if spec.revision not in ("", current.revision):
        raise model_changed(spec)
    return current


def model_changed(spec: ModelSpec) -> ModelError:
    """For vectors that can't be computed again: the model behind the name is not the one they came from."""
    message = f"{spec.label} has changed since these vectors were computed; its queries would not match them."
    return ModelError(message, "Choose the model again on the Embed page and embed the corpus anew.")
