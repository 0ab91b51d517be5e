"""Facts on OpenAI's embedding models; checks of server addresses and keys."""

import ipaddress
import re
from dataclasses import replace
from urllib.parse import urlsplit

from core.errors import ModelError, ServiceError
from core.models.openai_client.packing import OPENAI_LIMITS, SERVER_INPUTS, Limits
from core.secret import Secret
from core.types import ModelSpec

BACKEND_NAME, KEY_NAME = "openai", "OPENAI_API_KEY"
OPENAI_URL = "https://api.openai.com/v1"
NATIVE = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
SHORTENED = ("text-embedding-3-small", "text-embedding-3-large")  # trained so that their vectors may be cut short


def completed(spec: ModelSpec) -> ModelSpec:
    """The spec with its address in one form and, for OpenAI's models, dimensions and window filled in.

    Raises ServiceError for an address that can't be used, ModelError for dimensions the model does not have.
    """
    spec = replace(spec, base_url=checked_url(spec.base_url))
    spec = replace(spec, name=spec.name.strip() or azure_deployment(spec.base_url))
    if not spec.name:
        raise ModelError("The model needs a name.", "Enter the model's ID on the server.")
    native = native_dimensions(spec)
    min_dimensions = 1 if spec.name in SHORTENED else native
    if spec.dimensions is not None and native and min_dimensions and not min_dimensions <= spec.dimensions <= native:
        allowed = f"{native:,} only" if min_dimensions == native else f"1 to {native:,}"
        raise ModelError(f"{spec.name} can't give vectors of {spec.dimensions:,} dimensions.", f"Choose {allowed}.")
    if is_openai(spec):
        spec = replace(spec, max_tokens=min(spec.max_tokens or 8191, 8191))
    return replace(spec, dimensions=spec.dimensions or native)


def is_openai(spec: ModelSpec) -> bool:
    """True for OpenAI's own, paid service; False for a compatible server and for other backends."""
    return spec.backend == BACKEND_NAME and not spec.base_url


def native_dimensions(spec: ModelSpec) -> int | None:
    return NATIVE.get(spec.name) if is_openai(spec) else None


def is_private_server(spec: ModelSpec) -> bool:
    """True for a compatible server on this machine or in this network."""
    host = urlsplit(spec.base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def limits_of(spec: ModelSpec) -> Limits:
    return Limits(OPENAI_LIMITS.inputs if is_openai(spec) else SERVER_INPUTS, OPENAI_LIMITS.tokens, spec.max_tokens)


def server_name(spec: ModelSpec) -> str:
    """How messages call the server: the host and port only."""
    return "OpenAI" if is_openai(spec) else f"The server at {urlsplit(spec.base_url).netloc}"


def azure_deployment(url: str) -> str:
    """The deployment that an address of Azure names, or ""."""
    match = re.search(r"/openai/deployments/([^/]+)$", urlsplit(url).path)
    return match[1] if match else ""


def checked_url(url: str) -> str:
    """The address without trailing slash or the name of an operation; '' for OpenAI's own. Raises ServiceError.

    An address of Azure has its `api-version`; no other query may stand there.
    """
    plain, _, query = url.strip().partition("?")
    plain = re.sub(r"/+((embeddings|chat/completions|rerank)/*)?$", "", plain)
    if not plain:
        return ""
    remedy = "Enter it like http://localhost:8000/v1; the key has a field of its own."
    try:
        parts = urlsplit(plain)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ServiceError("The server's address can't be read.", remedy) from None
    if not usable or not plain.isprintable() or " " in plain:
        raise ServiceError("The server's address must be an http or https URL.", remedy)
    # a password or a key there would be stored with the model and shown
    is_version = re.fullmatch(r"api-version=[\w.-]{1,40}", query)
    if parts.username is not None or parts.password is not None or parts.fragment or (query and not is_version):
        message = "The server's address must hold no user name, password, '#' or '?' (but ?api-version= of Azure)."
        raise ServiceError(message, remedy)
    if azure_deployment(plain) and not query:
        message = "The address of an Azure deployment needs its api-version."
        raise ServiceError(message, f"Enter it like {plain}/embeddings?api-version=2024-10-21")
    if parts.hostname == urlsplit(OPENAI_URL).hostname:
        return ""  # however it is written: paid, and known as such
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}{'?' if query else ''}{query}"


def checked_key(key: str | Secret | None, spec: ModelSpec) -> Secret:
    """The key, trimmed; empty only for a compatible server. Raises ServiceError without showing it."""
    plain = (key.reveal() if isinstance(key, Secret) else key or "").strip()
    if not plain and is_openai(spec):
        raise ServiceError("OpenAI needs an API key.", "Enter it on the Embed page, or set OPENAI_API_KEY.")
    if not plain.isascii() or not plain.isprintable() or " " in plain:
        raise ServiceError("The API key holds characters no key has.", "Copy it again, without spaces.")
    return Secret(plain)
