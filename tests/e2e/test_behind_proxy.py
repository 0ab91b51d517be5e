"""The app under a sub-path, behind a proxy that changes Streamlit's token: uploads and downloads work."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from core.files import write_json
from tests.e2e import labels
from tests.e2e.conftest import FIRST_TIMEOUT, Server, serve
from tests.e2e.steps import button, go_to, keyed, no_traceback, search, settled, upload

pytestmark = pytest.mark.browser
BASE = "tools/planisphere"
TOKEN = b"_streamlit_xsrf=2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("proxied") / "home"
    write_json(home / "started.json", {})  # no sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", BASE)
        patch.setenv("PLANISPHERE_WORKERS", "1")
        with serve(home) as running:
            yield running


def encode_token(answer: bytes) -> bytes:
    """As proxies do that rebuild Set-Cookie: | becomes %7C."""
    start = answer.find(TOKEN)
    end = answer.find(b";", start)
    return answer if start < 0 else answer[:start] + answer[start:end].replace(b"|", b"%7C") + answer[end:]


@contextmanager
def encoding_proxy(server: Server) -> Iterator[str]:
    """A proxy that encodes the token in answers; gives its address."""
    loop, upstream = asyncio.new_event_loop(), urlsplit(server.url)

    async def copy(
        source: asyncio.StreamReader, target: asyncio.StreamWriter, change: Callable[[bytes], bytes]
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(1 << 20):
                target.write(change(data))
                await target.drain()
        target.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(upstream.hostname, upstream.port)
        await asyncio.gather(copy(reader, back, bytes), copy(there, writer, encode_token))

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(connect, "127.0.0.1", 0), loop).result()
    yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/{BASE}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_upload_download_and_search_work_where_the_token_arrives_encoded(
    server: Server, browser: Browser, tmp_path: Path
):
    path = tmp_path / "fruit.csv"
    path.write_text("text,kind\nred apple,a\ngreen pear,b\nyellow plum,a\n")
    with encoding_proxy(server) as url, browser.new_context() as context:
        context.set_default_timeout(FIRST_TIMEOUT)  # its server has only just started
        page = context.new_page()
        page.goto(f"{url}/")
        settled(page)
        (token,) = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "_streamlit_xsrf"]
        assert "%7C" in token
        upload(page, path)
        button(page, "create").click()
        page.get_by_test_id("stAlertContentSuccess").first.wait_for()
        go_to(page, labels.SEARCH)
        assert urlsplit(page.url).path == f"/{BASE}/search"
        search(page, "pear")
        with page.expect_download() as download:
            keyed(page, "hits-").get_by_role("button").click()
        assert "green pear" in Path(download.value.path()).read_text()
        no_traceback(page)
