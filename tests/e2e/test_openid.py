"""Sign-in with a provider on this machine: each person in their own workspace, and nothing for anyone else."""

import http.client
import json
import re
import secrets
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pandas as pd
import psutil
import pytest
from itsdangerous import TimestampSigner
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.files import write_json
from core.store import Workspace
from core.types import Roles
from pages.shared.sign_in import user_folder
from tests.e2e import labels
from tests.e2e.conftest import TIMEOUT, Server, serve
from tests.e2e.steps import keyed, settled, upload
from tests.openid_provider import OpenIdProvider
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
USER_COOKIE, XSRF_COOKIE = "_streamlit_user", "_streamlit_xsrf"
LARGE, MEGABYTE = 200, 2**20
A_YEAR = 365 * 24 * 3600


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    created = OpenIdProvider()
    yield created
    created.close()


@pytest.fixture
def server(provider: OpenIdProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with sign-in, where each person has a corpus of their own."""
    home, path = tmp_path / "home", tmp_path / "secrets.toml"
    path.write_text(provider.secrets_toml())
    monkeypatch.setenv("PLANISPHERE_WORKERS", "1")
    for person in provider.people:
        add_corpus(workspace(home, provider, person), person)
    with serve(home, f"--secrets.files={path}") as running:
        yield running


def workspace(home: Path, provider: OpenIdProvider, person: str) -> Workspace:
    return Workspace(user_folder(home / "users", {"iss": provider.issuer, "sub": person}))


def add_corpus(personal: Workspace, person: str) -> None:
    raw = RawTable(table=pd.DataFrame({"text": ["one", "two"]}), sources=(), notes=(), vectors=None, vectors_name="")
    personal.save_corpus(build_corpus(raw, Roles("{text}"), name=f"Texts of {person}").corpus)
    write_json(personal.folder / "started.json", {})  # no sample


def test_each_person_signs_in_to_their_own_workspace_and_nobody_else_gets_anything(
    server: Server, provider: OpenIdProvider, browser: Browser, tmp_path: Path
):
    with browser.new_context() as context:
        context.set_default_timeout(TIMEOUT)
        page, sessions = context.new_page(), watch_sessions(context)
        page.goto(server.url)
        assert_sign_in_is_needed(page)
        before = psutil.Process(server.pid).memory_info().rss
        assert put_file(server, context, sessions[-1], LARGE) == 403
        assert psutil.Process(server.pid).memory_info().rss < before + 50 * MEGABYTE
        assert request(server, "GET", "/media/file.csv", {}) == 403

        sign_in(page, "ann")
        expect(corpus_of(page)).to_have_value(re.compile("Texts of ann"))
        path = tmp_path / "file.csv"
        path.write_text("text\nhello\nworld\n")
        upload(page, path)
        wait_until(lambda: list((workspace(server.home, provider, "ann").folder / "staging").glob("*.bin")))
        assert put_file(server, context, sessions[-1], 1) == 204
        sign_out(page)

        provider.signing_key = RSAKey.generate_key(2048)
        try_to_sign_in(page, "bob")
        assert_sign_in_is_needed(page)
        provider.signing_key = provider.key
        sign_in(page, "bob")
        expect(corpus_of(page)).to_have_value(re.compile("Texts of bob"))
        expect(page.get_by_text("Texts of ann")).to_have_count(0)
    secret = tomllib.loads((tmp_path / "secrets.toml").read_text())["auth"]["cookie_secret"]
    assert request_with(server, user_cookie(server, provider, secret)) == 404  # signed in: there is no such file
    forged, expired = (
        user_cookie(server, provider, secrets.token_hex(32)),
        user_cookie(server, provider, secret, age=A_YEAR),
    )
    of_another_address = user_cookie(server, provider, secret, origin="https://other.example")
    for cookie in (forged, expired, of_another_address, "chunks-9999"):
        assert request_with(server, cookie) == 403
    for cookie in (forged, expired):
        assert_refused(server, browser, cookie)
    assert not Workspace(server.home).corpora()


def watch_sessions(context: BrowserContext) -> list[str]:
    """The ids of the Streamlit sessions that pages of a context get, oldest first."""
    sessions: list[str] = []

    def read(frame: Any) -> None:
        message = ForwardMsg()
        if isinstance(frame, bytes):
            message.ParseFromString(frame)
            if message.new_session.initialize.session_id:
                sessions.append(message.new_session.initialize.session_id)

    for page in context.pages:
        page.on("websocket", lambda socket: socket.on("framereceived", read))
    return sessions


def assert_sign_in_is_needed(page: Page) -> None:
    expect(page.get_by_role("button", name=labels.SIGN_IN)).to_be_visible()
    settled(page)
    expect(page.locator("input[type=file]")).to_have_count(0)
    expect(page.get_by_text("Texts of")).to_have_count(0)


def try_to_sign_in(page: Page, person: str) -> None:
    page.get_by_role("button", name=labels.SIGN_IN).click()
    page.get_by_role("link", name=person).click()


def sign_in(page: Page, person: str) -> None:
    try_to_sign_in(page, person)
    expect(page.get_by_test_id("stSidebar").get_by_text(re.compile(rf"\b{person}@.?example"))).to_be_visible()
    settled(page)


def sign_out(page: Page) -> None:
    keyed(page, "sign-out").get_by_role("button").click()
    assert_sign_in_is_needed(page)


def corpus_of(page: Page) -> Locator:
    return keyed(page, "corpus").locator("input")


def cookie_header(server: Server, context: BrowserContext) -> tuple[str, str]:
    """The Cookie header of a browser, and its XSRF token."""
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies(server.url)}
    return "; ".join(f"{name}={value}" for name, value in cookies.items()), cookies[XSRF_COOKIE]


def put_file(server: Server, context: BrowserContext, session: str, megabytes: int) -> int:
    """The status of an upload into a session, with the cookies of a browser."""
    cookies, token = cookie_header(server, context)
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    block = b"x" * MEGABYTE

    def body() -> Iterator[bytes]:
        yield part
        for _ in range(megabytes):
            yield block
        yield b"\r\n--x--\r\n"

    path = f"/_stcore/upload_file/{session}/file-1"
    headers = {"Cookie": cookies, "X-Xsrftoken": token, "Content-Type": "multipart/form-data; boundary=x"}
    return request(server, "PUT", path, headers, body())


def request_with(server: Server, cookie: str) -> int:
    """The status of a download that does not exist, with a cookie of sign-in."""
    return request(server, "GET", "/media/file.csv", {"Cookie": f"{USER_COOKIE}={cookie}"})


def request(
    server: Server, method: str, path: str, headers: dict[str, str], body: Iterator[bytes] | None = None
) -> int:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT / 1000)
    with suppress(BrokenPipeError, ConnectionResetError):  # refused before everything was sent
        connection.request(method, path, body, headers, encode_chunked=body is not None)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def user_cookie(server: Server, provider: OpenIdProvider, secret: str, age: float = 0, origin: str = "") -> str:
    """What st.login writes for a person, signed with a secret some time ago."""
    user = {"iss": provider.issuer, "sub": "ann", "is_logged_in": True, "origin": origin or server.url}
    now = TimestampSigner("").get_timestamp()
    with patch.object(TimestampSigner, "get_timestamp", lambda signer: int(now - age)):
        return create_signed_value(secret, USER_COOKIE, json.dumps(user)).decode()


def assert_refused(server: Server, browser: Browser, cookie: str) -> None:
    with browser.new_context() as context:
        context.set_default_timeout(TIMEOUT)
        context.add_cookies([{"name": USER_COOKIE, "value": cookie, "url": server.url}])
        page = context.new_page()
        page.goto(server.url)
        assert_sign_in_is_needed(page)
