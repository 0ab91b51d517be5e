"""Connections to servers: which addresses may be contacted, for how long in all, and how much they may answer."""

from __future__ import annotations

import ipaddress
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from core.errors import ServiceError

if TYPE_CHECKING:
    import httpx2

ANY, PUBLIC = "*", "public"
MAX_BYTES = 64_000_000  # of any answer; each request states a limit of its own
SLICE = 65_536  # bytes that are sent at once, so that the time limit holds while sending
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@dataclass(frozen=True)
class AllowedServers:
    """Which compatible servers may be contacted. OpenAI's own service always may.

    entries: "*" for any, "public" for any whose address is no private, loopback or link-local one, else a host, a
    host:port, or the beginning of an address such as https://llm.example.com/v1.
    """

    entries: tuple[str, ...] = (ANY,)

    def check(self, url: str) -> None:
        """Raises ServiceError for a server that may not be contacted, as far as its address says."""
        host = urlsplit(url).hostname or ""
        if self._is_listed(url) or (PUBLIC in self.entries and not _is_private_name(host)):
            return
        raise _not_allowed(host, self.entries)

    def check_peer(self, url: str, address: str) -> None:
        """The same for the IP address that the server's name turned out to have."""
        if not self._is_listed(url) and not _is_public(address):
            raise _not_allowed(urlsplit(url).hostname or "", self.entries)

    def _is_listed(self, url: str) -> bool:
        return any(entry == ANY or _matches(entry, url) for entry in self.entries)


class TooLargeError(ServiceError):
    """An answer of more bytes than the request allows."""


_allowed = AllowedServers()


def allow_servers(entries: tuple[str, ...]) -> None:
    """Set the servers that this process may contact."""
    global _allowed
    _allowed = AllowedServers(entries)


def check_allowed(url: str) -> None:
    """Raises ServiceError where this process may not contact the server."""
    if url:
        _allowed.check(url)


def _not_allowed(host: str, entries: tuple[str, ...]) -> ServiceError:
    remedy = f"Ask whoever runs this app to add it to PLANISPHERE_SERVERS (now: {', '.join(entries) or 'none'})."
    return ServiceError(f"The server {host[:100]} may not be used here.", remedy)


def _matches(entry: str, url: str) -> bool:
    """Whether an entry names the host, the host and port, or the beginning of the address."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if "://" not in entry:
        return entry.lower() in (parts.hostname, f"{parts.hostname}:{port}", f"[{parts.hostname}]:{port}")
    prefix = urlsplit(entry)
    prefix_port = prefix.port or (443 if prefix.scheme == "https" else 80)
    same = (prefix.scheme, prefix.hostname, prefix_port) == (parts.scheme, parts.hostname, port)
    steps = set(unquote(parts.path).split("/"))  # "/v1/../admin" begins with /v1 and ends elsewhere
    return same and not steps & {".", ".."} and f"{parts.path}/".startswith(prefix.path.rstrip("/") + "/")


def _is_private_name(host: str) -> bool:
    """True for an IP address that is not public, and for names of this machine."""
    host = host.rstrip(".")
    try:
        return not _is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _is_public(address: str) -> bool:
    """Raises ValueError for what is no IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


class _Limits(threading.local):
    """The limits of the request that the current thread sends. until: on the monotonic clock; max_bytes: unpacked.
    is_stream: its answer is read as it arrives."""

    def __init__(self) -> None:
        self.until, self.max_bytes, self.is_stream = float("inf"), MAX_BYTES, False


_limits = _Limits()


def limit_request(seconds: float, max_bytes: int, is_stream: bool = False) -> None:
    """Set the time that the next request of this thread may take in all, and the size of its answer. is_stream: the
    answer is read as it arrives, in the same thread."""
    _limits.until, _limits.max_bytes, _limits.is_stream = time.monotonic() + seconds, max_bytes, is_stream


def _left(timeout: float | None) -> float:
    """The seconds one step may take. Raises httpcore2.ReadTimeout when none are left."""
    import httpcore2

    left = _limits.until - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the answer took too long")
    return left if timeout is None else min(left, timeout)


def limited(client: httpx2.Client | None, url: str) -> httpx2.Client:
    """The client, or a new one, with limits on its requests and on the addresses it connects to.

    The library's own timeouts are for each read: a server that sends a byte now and then would never reach them.
    """
    import httpx2
    import openai

    client = client or openai.DefaultHttpxClient()
    hooks = client.event_hooks
    if _read_limited not in hooks["response"]:
        client.event_hooks = {**hooks, "response": [*hooks["response"], _read_limited]}
    transport: Any
    for transport in (client._transport, *client._mounts.values()):
        pool: Any = transport._pool if isinstance(transport, httpx2.HTTPTransport) else None
        if pool is not None and not isinstance(pool._network_backend, _Network):
            # behind a proxy it is the proxy's address that is seen
            pool._network_backend = _Network(pool._network_backend, url if transport is client._transport else "")
    return client


def _read_limited(response: Any) -> None:
    """Read the body and unpack it here, since a few bytes of gzip may stand for gigabytes."""
    import httpx2

    source = _unpacked(response.stream, response.headers.get("content-encoding", ""))
    pieces = _limited_pieces(source, response.request, _limits.until, _limits.max_bytes)
    if _limits.is_stream:
        stream: Any = _streamed(pieces, response.stream)
    else:
        stream = httpx2.ByteStream(b"".join(pieces))
        response.stream.close()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        response.headers.pop(name, None)
    response.stream = stream


def _limited_pieces(body: Iterator[bytes], request: Any, until: float, max_bytes: int) -> Iterator[bytes]:
    """The body as it arrives. Raises TooLargeError, httpx2.ReadTimeout past the limits."""
    import httpx2

    size = 0
    for piece in body:
        size += len(piece)
        if size > max_bytes:
            message = f"The server's answer is larger than {max_bytes / 1e6:,.0f} MB, more than it can need."
            raise TooLargeError(message, "Check that the address is that of an OpenAI-compatible server.")
        if time.monotonic() > until:
            raise httpx2.ReadTimeout("the answer took too long", request=request)
        yield piece


def _streamed(pieces: Iterator[bytes], source: Any) -> Any:
    """A stream of httpx2 over the pieces; closing it closes the connection's."""
    import httpx2

    class Stream(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return pieces

        def close(self) -> None:
            source.close()

    return Stream()


def _unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        yield from pieces
        return
    remedy = "Switch off compression on the server."
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ServiceError(f"The server packs its answers as {encoding[:40]!r}, which was not requested.", remedy)
    unpack = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        for piece in pieces:
            yield unpack.decompress(piece, _limits.max_bytes + 1)
    except zlib.error:
        raise ServiceError("The server's answer can't be unpacked: its gzip data is damaged.", remedy) from None


@dataclass(frozen=True)
class _Network:
    """httpcore's network backend, within limits. url: whose peer address is checked, "" for none."""

    inner: Any
    url: str

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        stream = self.inner.connect_tcp(host, port, timeout=_left(timeout), **options)
        if self.url:
            try:
                _allowed.check_peer(self.url, str(stream.get_extra_info("server_addr")[0]))
            except BaseException:
                stream.close()
                raise
        return _Stream(stream)

    def sleep(self, seconds: float) -> None:
        self.inner.sleep(seconds)


@dataclass(frozen=True)
class _Stream:
    """A socket whose every step ends within the limits."""

    inner: Any

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self.inner.read(max_bytes, _left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), SLICE):
            self.inner.write(buffer[start : start + SLICE], _left(timeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)
