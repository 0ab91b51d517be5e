"""What the server answers before a visitor has signed in: the page that asks for it, and nothing that holds data.

Streamlit takes uploads and hands out downloads outside of the page's script, so the script can't refuse them.
"""

import json
import logging
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from pages.shared.sign_in import SignInError, providers

GUARDED = ("_stcore", "media", "component", "app")  # uploads, downloads, components, metrics; the rest is static
PUBLIC = ("_stcore/health", "_stcore/host-config")
_LOG = logging.getLogger(__name__)


class RequestGuard:
    """ASGI middleware that answers guarded requests before sign-in with 403, without reading their body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = refuse(scope) if scope["type"] == "http" else ""
        if refusal:
            await PlainTextResponse(refusal, 403, {"Connection": "close"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def refuse(scope: Scope) -> str:
    """Why a request is refused, "" where it is not."""
    path = scope["path"].strip("/")
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    if base:
        path = path.removeprefix(base).strip("/")
    if path in PUBLIC or path.partition("/")[0] not in GUARDED:
        return ""
    try:
        return "" if not providers() or is_signed_in(HTTPConnection(scope).cookies) else "Sign in first."
    except SignInError as error:
        return error.message
    except Exception:
        _LOG.exception("sign-in of a request could not be checked")
        return "Sign-in could not be checked."


def is_signed_in(cookies: dict[str, str]) -> bool:
    """Whether the cookies hold a sign-in that this server signed for this address, and that has not expired."""
    user = _signed_user(cookies)
    return user.get("is_logged_in") is True and user.get("origin") == get_origin_from_redirect_uri()


def _signed_user(cookies: dict[str, str]) -> dict[str, Any]:
    """What st.login wrote into its cookie, or into several where it is long; empty where the signature is wrong."""
    secret = get_cookie_secret()

    def read(name: str) -> bytes | None:
        return (
            decode_signed_value(secret, name, cookies[name].encode("latin-1", "replace")) if name in cookies else None
        )

    signed = get_cookie_with_chunks(read, USER_COOKIE_NAME)
    user = json.loads(signed) if signed else {}
    return user if isinstance(user, dict) else {}
