"""Sign-in: whatever is wrong with it shows an error and nothing else; each person has a workspace of their own."""

import asyncio
import importlib.metadata
import json
import re
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.digest import digest_json
from core.files import write_json
from core.store import Workspace
from pages.shared import cached, frame, request_guard, session, sign_in
from pages.shared.sign_in import SignInError, user_folder

SHARED = 'redirect_uri = "http://localhost:8501/oauth2callback"\ncookie_secret = "a long random string"\n'
PROVIDER = 'client_id = "id"\nclient_secret = "hidden"\nserver_metadata_url = "https://accounts.example.com/x"\n'
COMPLETE = f"[auth]\n{SHARED}{PROVIDER}"
PERSON = {"is_logged_in": True, "iss": "https://accounts.example.com", "sub": "1", "email": "a@example.com"}
PAGES = [f"pages/{path}.py" for section in frame.PAGES.values() for path, *_ in section]


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Writes the secrets file that the app reads, and makes it read again."""
    path, before = tmp_path / "secrets.toml", config.get_option("secrets.files")
    config.set_option("secrets.files", [str(path)])
    monkeypatch.setattr(sign_in, "_seen_configured", False)
    monkeypatch.setattr(sign_in, "ABSENT_SECONDS", 0.0)

    def write(text: str | bytes) -> None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        st.secrets._reset()

    st.secrets._reset()
    yield write
    config.set_option("secrets.files", before)
    st.secrets._reset()


def assert_nothing_is_shown(at) -> None:
    assert not at.exception
    for kind in ("dataframe", "file_uploader", "selectbox", "multiselect", "text_area", "download_button", "tabs"):
        assert not at.get(kind), kind
    text = "\n".join(str(element.value) for element in [*at.markdown, *at.caption, *at.info, *at.error, *at.title])
    assert "Little shop" not in text
    assert "hidden" not in text


def assert_refused(at) -> None:
    assert_nothing_is_shown(at)
    assert len(at.error) == 1
    message = at.error[0].value.replace("\\", "")
    assert "secrets.toml" in message or "Authlib" in message
    assert not at.button


BROKEN = {
    "syntax": "[auth\nclient_secret = hidden",
    "bytes": b"[auth]\nclient_secret = '\xff'",
    "byte order mark": f"\ufeff{COMPLETE}",
    "wide characters": COMPLETE.encode("utf-16"),
    "no section": 'auth = "hidden"',
    "list": 'auth = ["hidden"]',
    "sections": f"[[auth]]\n{SHARED}{PROVIDER}",
    "number": COMPLETE.replace('"a long random string"', "5"),
    "truth": COMPLETE.replace('"id"', "true"),
    "list of secrets": COMPLETE.replace('"hidden"', '["hidden"]'),
    "empty": "[auth]",
    "no provider": f"[auth]\n{SHARED}",
    "no secret for cookies": f"[auth]\n{PROVIDER}",
    "blank": COMPLETE.replace('"id"', '" "'),
    "one of two": f"{COMPLETE}[auth.other]\nclient_id = 'id'\n",
    "named without shared": f"[auth]\n[auth.other]\n{PROVIDER}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("user", [{}, PERSON], ids=["anonymous", "signed in"])
def test_broken_or_incomplete_settings_show_an_error_and_no_data(corpus, app, secrets, text, user):
    secrets(text)
    app.user = user
    assert_refused(app.run())


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_data_with_a_broken_file(corpus, app, secrets, page):
    secrets(BROKEN["syntax"])
    at = app.run().switch_page(page).run()
    assert_refused(at)


@pytest.mark.parametrize("installed", ["", "1.3.1", "0.15"])
def test_without_authlib_nothing_is_shown(corpus, app, secrets, monkeypatch, installed):
    def version(name: str) -> str:
        if not installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed

    monkeypatch.setattr(sign_in, "version", version)
    secrets(COMPLETE)
    assert_refused(app.run())


@pytest.mark.parametrize("user", [{}, {"email": "a@example.com"}, {**PERSON, "is_logged_in": False}])
def test_who_has_not_signed_in_is_asked_to(corpus, app, secrets, user):
    secrets(COMPLETE)
    app.user = user
    at = app.run()
    assert_nothing_is_shown(at)
    assert not at.error
    assert [button.label for button in at.button] == ["Sign in"]


def test_named_providers_are_offered_by_name(corpus, app, secrets):
    secrets(f"[auth]\n{SHARED}[auth.one]\n{PROVIDER}[auth.two]\n{PROVIDER}")
    assert [button.label for button in app.run().button] == ["Sign in with one", "Sign in with two"]


@pytest.mark.parametrize("changes", [{"sub": ""}, {"sub": None}, {"sub": " "}, {"iss": ""}, {"iss": None}, {"sub": 1}])
def test_who_is_not_named_gets_no_workspace(corpus, app, secrets, home, changes):
    secrets(COMPLETE)
    app.user = PERSON | changes
    at = app.run()
    assert_nothing_is_shown(at)
    assert len(at.error) == 1
    assert not (home / "users").exists()


def test_two_people_have_different_workspaces(corpus, app, secrets, home):
    secrets(COMPLETE)
    other = {**PERSON, "sub": "2"}
    for user in (PERSON, other):
        write_json(user_folder(home / "users", user) / "started.json", {})
        app.user = user
        at = app.run()
        assert not at.exception
        assert not at.error
        assert at.get("file_uploader")
        assert not at.selectbox  # the corpus of the shared workspace is not on offer
    folders = {user_folder(home / "users", user) for user in (PERSON, other, PERSON | {"iss": "https://other.example"})}
    assert len(folders) == 3
    assert all(folder.parent == home / "users" for folder in folders)


def test_a_workspace_named_by_the_subject_alone_stays_with_the_first_who_comes(tmp_path):
    earlier = tmp_path / digest_json("1")
    earlier.mkdir()
    assert user_folder(tmp_path, PERSON) == earlier
    assert user_folder(tmp_path, PERSON | {"iss": "https://other.example"}) != earlier
    assert user_folder(tmp_path, PERSON | {"sub": "2"}) != earlier
    assert user_folder(tmp_path, PERSON) == earlier
    assert [path.name for path in earlier.iterdir()] == [sign_in.OWNER_FILE]


def test_without_a_file_or_section_there_is_one_workspace(corpus, app, secrets, home):
    for text in (None, 'OPENAI_API_KEY = ""'):
        if text is not None:
            secrets(text)
        at = app.run()
        assert not at.exception
        assert not at.error
        assert "Little shop" in at.selectbox(key="corpus").options[0]
    assert sign_in.home_folder(home) == home
    assert Workspace(home).corpora()


def test_a_file_that_is_none_shows_an_error(corpus, app, secrets, tmp_path):
    (tmp_path / "secrets.toml").mkdir()
    assert_refused(app.run())


def test_a_link_that_leads_nowhere_shows_an_error(corpus, app, secrets, tmp_path):
    (tmp_path / "secrets.toml").symlink_to(tmp_path / "not mounted")
    assert_refused(app.run())


@pytest.mark.parametrize("other", [None, 'OPENAI_API_KEY = ""'])
def test_a_missing_file_that_the_settings_name_shows_an_error(corpus, app, secrets, tmp_path, monkeypatch, other):
    paths = [str(tmp_path / "other.toml"), str(tmp_path / "secrets.toml")]
    if other is not None:
        (tmp_path / "other.toml").write_text(other)
    config.set_option("secrets.files", paths, "command-line argument or environment variable")
    at = app.run()
    assert_nothing_is_shown(at)
    assert len(at.error) == 1
    assert not at.button


def test_a_workspace_that_people_signed_in_to_is_not_opened_without_sign_in(corpus, app, secrets, home):
    (home / "users").mkdir()
    assert_refused(app.run())


HOSTILE = [
    "../../etc",
    "/etc/passwd",
    "a\0b",
    "..",
    ".",
    "CON",
    "a/b\\c",
    "\u202e",
    "\ud800",
    "é",
    "e\u0301",
    "x" * 5_000,
    "1 ",
]


def test_any_subject_is_a_folder_of_its_own(tmp_path):
    folders = {user_folder(tmp_path, PERSON | {"sub": subject}) for subject in [*HOSTILE, "1"]}
    folders |= {
        user_folder(tmp_path, PERSON | {"iss": issuer}) for issuer in (*HOSTILE, "https://accounts.example.com/")
    }
    assert len(folders) == 2 * len(HOSTILE) + 2
    assert all(folder.parent == tmp_path and re.fullmatch("[0-9a-f]{16}", folder.name) for folder in folders)


def test_two_providers_share_no_folder_by_a_subject(secrets, tmp_path):
    secrets(f"[auth]\n{SHARED}[auth.one]\n{PROVIDER}[auth.two]\n{PROVIDER}")
    earlier = tmp_path / digest_json("1")
    earlier.mkdir()
    assert earlier not in (
        user_folder(tmp_path, PERSON),
        user_folder(tmp_path, PERSON | {"iss": "https://other.example"}),
    )


def test_who_is_signed_in_is_named_and_can_sign_out(corpus, app, secrets, home):
    secrets(COMPLETE)
    write_json(user_folder(home / "users", PERSON) / "started.json", {})
    app.user = PERSON
    at = app.run()
    assert "example" in at.sidebar.caption[-1].value
    assert at.button(key="sign-out")


GUARDED = ["/_stcore/upload_file/session/file", "/media/x.csv", "/component/a/b.js", "/_stcore/bidi-components/a/b.js"]
GUARDED += ["/_stcore/metrics", "/_stcore/agent/interact", "//_stcore/upload_file/a/b", "/app/static/x"]


class Backend:
    """In place of Streamlit's server: remembers what reached it."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        self.paths.append(scope["path"])


def request(path: str, cookies: str = "", kind: str = "http") -> tuple[int, Backend]:
    """The status of the guard's answer, 0 where it gave none. Reading the body fails."""
    backend, statuses = Backend(), [0]

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        statuses.append(message.get("status", statuses[-1]))

    scope = {"type": kind, "path": path, "method": "PUT", "headers": [(b"cookie", cookies.encode())]}
    asyncio.run(request_guard.RequestGuard(backend)(scope, receive, send))
    return statuses[-1], backend


@pytest.mark.parametrize("text", [COMPLETE, *BROKEN.values()])
@pytest.mark.parametrize("path", GUARDED)
def test_requests_for_data_are_refused_before_sign_in_without_reading_them(secrets, text, path):
    secrets(text)
    for cookies in ("", "_streamlit_user=forged", "_streamlit_user=chunks-3; _streamlit_user_1=x"):
        status, backend = request(path, cookies)
        assert (status, backend.paths) == (403, [])


@pytest.mark.parametrize("path", ["/", "/map", "/static/index.js", "/_stcore/health", "/oauth2callback", "/auth/login"])
def test_what_the_sign_in_page_needs_is_served(secrets, path):
    secrets(COMPLETE)
    assert request(path)[1].paths == [path]
    assert request("/_stcore/stream", kind="websocket")[1].paths == ["/_stcore/stream"]


@pytest.mark.parametrize("base", ["", "team/notes"])
def test_signed_cookies_of_this_address_open_the_way(secrets, monkeypatch, base):
    secrets(COMPLETE)
    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", base)
    path = f"/{base}/media/x.csv" if base else "/media/x.csv"
    try:
        for origin, status in (("http://localhost:8501", 0), ("https://other.example", 403), (None, 403)):
            user = {"is_logged_in": True, "origin": origin}
            cookie = create_signed_value("a long random string", "_streamlit_user", json.dumps(user)).decode()
            assert request(path, f"_streamlit_user={cookie}")[0] == status
        assert request(path)[0] == 403
    finally:
        config.set_option("server.baseUrlPath", before)


def test_without_sign_in_requests_pass(secrets):
    for path in GUARDED:
        assert request(path)[1].paths == [path]


def test_settings_that_disappear_show_an_error(corpus, app, secrets):
    secrets(COMPLETE)
    app.run()
    secrets("")
    assert_refused(app.run())


def test_a_workspace_is_refused_where_a_page_forgets_to_ask(home, secrets):
    secrets(COMPLETE)
    with pytest.raises(SignInError):
        sign_in.home_folder(home)


@pytest.mark.parametrize(
    ("setting", "file", "expected"),
    [
        ("", "", ("*",)),
        ("", COMPLETE, ("public",)),
        ("llm.example.com, 10.0.0.5:8000", COMPLETE, ("llm.example.com", "10.0.0.5:8000")),
    ],
)
def test_visitors_who_sign_in_reach_no_private_server_by_default(secrets, home, monkeypatch, setting, file, expected):
    started = []
    monkeypatch.setattr(cached, "shared", lambda *settings: started.append(settings) or cached.Shared(None))
    monkeypatch.setenv("PLANISPHERE_SERVERS", setting)
    secrets(file)
    session.manager()
    assert started[0][2] == expected
