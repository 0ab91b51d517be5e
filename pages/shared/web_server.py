"""What the web server does around the pages: uploads behind a proxy that changes Streamlit's token against cross-site
requests, timers that would discard a page, and closing sessions whose visitor has left."""

import asyncio
import gc
import logging
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import unquote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token

COOKIE, HEADER = "_streamlit_xsrf", "X-Xsrftoken"
# Streamlit keeps up to 128 sessions for a reconnect, 120 s long, and frees neither their files nor their uploads
MAX_DROPPED_SESSIONS = 32
MAX_DROPPED_SECONDS = 100.0
CHECK_SECONDS = 10.0
_ENCODED = re.compile(r"2%(?:25)*7c[0-9a-f%]+", re.IGNORECASE)  # a token: 2|mask|value|time
_UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+$")
_LOG = logging.getLogger(__name__)
_refusals: OrderedDict[str, str] = OrderedDict()  # by session


class UploadTokens:
    """ASGI middleware: decodes tokens that a proxy percent-encoded, and records why an upload is refused."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            decode_tokens(scope)
        upload = _UPLOAD.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None

        async def watch(message: Message) -> None:
            if upload and message["type"] == "http.response.start":
                record_upload(upload[1], refusal(scope) if message["status"] == 403 else "")
            await send(message)

        await self.app(scope, receive, watch)


def decode_tokens(scope: Scope) -> None:
    """Restore the token in the cookie, the header and the WebSocket's protocols; that they are equal is still
    required."""
    headers = MutableHeaders(scope=scope)
    for name in ("Cookie", HEADER, "Sec-WebSocket-Protocol"):
        value = headers.get(name, "")
        if _ENCODED.search(value):
            headers[name] = _ENCODED.sub(_decode, value)


def _decode(match: re.Match[str]) -> str:
    token = match[0]
    while "%" in token and (decoded := unquote(token)) != token:
        token = decoded
    return token


def refusal(scope: Scope) -> str:
    """What is wrong with the token of an upload; empty where it was refused for another reason."""
    request = HTTPConnection(scope)
    header, cookie = request.headers.get(HEADER), request.cookies.get(COOKIE)
    if validate_xsrf_token(header, cookie):
        return ""
    if header and cookie:
        return f"the header {HEADER} and the cookie {COOKIE} differ"
    missing = [f"the header {HEADER}"] * (not header) + [f"the cookie {COOKIE}"] * (not cookie)
    return f"{' and '.join(missing)} did not arrive"


def record_upload(session: str, reason: str) -> None:
    """Remember why an upload of a session was refused, and draw its page again; an empty reason clears it."""
    if not reason:
        _refusals.pop(session, None)
        return
    _LOG.warning("upload refused: %s; a proxy has to pass both unchanged", reason)
    _refusals[session] = reason
    while len(_refusals) > 1000:
        _refusals.popitem(last=False)
    info = runtime.get_instance()._session_mgr.get_session_info(session)
    if info:  # the browser only shows "403"
        info.session.request_rerun(None)


def refused_upload() -> str:
    """Why the last upload of this session was refused; empty where it was not."""
    context = get_script_run_ctx()
    return _refusals.get(context.session_id, "") if context else ""


@asynccontextmanager
async def close_dropped_sessions(app: object) -> AsyncIterator[None]:
    """While the server runs: close sessions whose visitor has left and not come back."""
    task = asyncio.create_task(_close_regularly())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _close_regularly() -> None:
    since: dict[str, float] = {}
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            since = close_expired(since)
        except Exception:
            _LOG.exception("dropped sessions could not be closed")


def close_expired(since: dict[str, float]) -> dict[str, float]:
    """since: when sessions were first seen dropped; gives the same for those that are dropped now."""
    server, now = runtime.get_instance(), time.monotonic()
    sessions = [info.session.id for info in server._session_mgr.list_sessions()]
    dropped = [session for session in sessions if not server._session_mgr.is_active_session(session)]
    since = {session: since.get(session, now) for session in dropped}
    expired = expired_sessions(since, now)
    for session in expired:
        server.close_session(session)
    if expired:
        freeze_objects()
    return since


def delay_timers() -> None:
    """Have the timer of a fragment skip a run that has ended but whose last messages are not sent yet: Streamlit would
    discard them for the fragment's run, and the page stay incomplete. The timer fires again."""
    request = AppSession.request_rerun

    def request_or_skip(self: AppSession, client_state: ClientState | None) -> None:
        if not (client_state and client_state.is_auto_rerun and is_ending(self._scriptrunner)):
            request(self, client_state)

    AppSession.request_rerun = request_or_skip  # type: ignore[method-assign]


def is_ending(runner: ScriptRunner | None) -> bool:
    """Whether a run takes no more requests."""
    return runner is not None and runner._requests._state == ScriptRequestType.STOP


def expired_sessions(since: dict[str, float], now: float) -> list[str]:
    """Of dropped sessions, by the time they were dropped at: those dropped long ago, and the oldest of too many."""
    newest = sorted(since, key=lambda session: since[session], reverse=True)
    return [
        session
        for position, session in enumerate(newest)
        if position >= MAX_DROPPED_SESSIONS or now - since[session] > MAX_DROPPED_SECONDS
    ]


def freeze_objects() -> None:
    """Leave the objects of now out of garbage collection until the next call, which frees what became garbage since.

    Streamlit collects after each run: of imported modules alone this takes 0.1 s of processor time.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
