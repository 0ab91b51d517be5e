"""What agents may do in a workspace: read; write and contact hosted models only where the command line allows it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.corpus.added_columns import current_ref
from core.corpus.lookup import find_corpus, find_model
from core.errors import InputError, StorageError
from core.models.openai_client.models import KEY_NAME
from core.models.registry import capabilities
from core.results import INLINE_SECONDS, Result
from core.secret import Keys, Secret
from core.store import CorpusInfo, Workspace
from core.types import CorpusRef, ModelSpec


@dataclass(frozen=True)
class Access:
    """A workspace and what is allowed. allow_write: saving selections and exporting files. allow_paid: sending queries
    to models of servers, which may charge. keys: of their services."""

    workspace: Workspace
    allow_write: bool = False
    allow_paid: bool = False
    keys: Keys = field(default_factory=lambda: Keys({}))

    def info(self, corpus: str) -> CorpusInfo:
        """A corpus by name or digest. Raises InputError."""
        return find_corpus(self.workspace, corpus)

    def ref(self, info: CorpusInfo) -> CorpusRef:
        """The corpus with the current versions of its added columns."""
        return current_ref(str(self.workspace.folder), info.digest)

    def model(self, info: CorpusInfo, name: str) -> ModelSpec:
        """A model of a corpus by label or key, the first one for "". Raises InputError."""
        return find_model(self.workspace, info, name)

    def check_write(self) -> None:
        """Raises InputError on a server that only reads."""
        if not self.allow_write:
            raise InputError("This server only reads.", "Ask the user to start it with --allow-write.")

    def secret(self, model: ModelSpec) -> Secret | None:
        """The key to embed a query with, None where none is needed. Raises InputError for a hosted model without
        consent, and for vectors without a model."""
        declared = capabilities(model)
        if not declared.can_embed:
            message = f"{model.label} are imported vectors, whose model is not available: queries can't be embedded."
            raise InputError(
                message, "Search by keywords (mode keyword), by example rows (like) or with another model."
            )
        if (declared.hosted or declared.paid) and not self.allow_paid:
            effect = "and may be charged" if declared.paid else "on another machine or program"
            message = f"{model.label} is a hosted model: the query would be sent to its server {effect}."
            remedy = (
                "Search by keywords (mode keyword), by example rows (like) or with a local model; or ask the user to "
                "start this server with --allow-paid."
            )
            raise InputError(message, remedy)
        return self.keys.of(declared.key_name) if declared.key_name else None


def require_quick(page: str, query: Any, *results: Result[Any, Any]) -> None:
    """Raise StorageError where any of the results is missing and takes long to compute. page: where it can be
    computed."""
    for result in results:
        seconds = result.expected_seconds(query)
        if seconds > INLINE_SECONDS:
            message = f"This has not been computed yet and takes about {max(seconds, 1):,.0f} s."
            raise StorageError(message, f"Ask the user to open the {page} page of the app, which computes it as a job.")


def read_keys(path: str) -> Keys:
    """API keys from a file with one line per service: a server's address and its key, or an OpenAI key alone.

    Raises InputError where it can't be read.
    """
    if not path:
        return Keys({})
    try:
        lines = Path(path).expanduser().read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read.", "Check its name and permissions.") from error
    entries = [line.split() for line in lines if line.strip()]
    if not entries or any(len(entry) > 2 for entry in entries):
        raise InputError(f"{path} holds no keys.", "Write one line per service: its address and its key.")
    return Keys({entry[0] if len(entry) == 2 else KEY_NAME: Secret(entry[-1]) for entry in entries})
