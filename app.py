"""Planisphere's entry point: `streamlit run app.py`."""

# Worker processes run this file again under another name; they must find nothing to do here.
if __name__ == "__main__":
    from pages.shared.frame import run

    run()
elif __name__ == "app":  # imported by the server, before anyone has come
    import os
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    from starlette.middleware import Middleware
    from streamlit import App
    from streamlit.runtime.pages_manager import PagesManager

    from pages.shared import start
    from pages.shared.request_guard import RequestGuard
    from pages.shared.web_server import UploadTokens, close_dropped_sessions, delay_timers

    os.umask(0o077)  # what this server and its workers write is for the user alone

    # else Streamlit takes pages/ for a folder of scripts until the first run, and tells that there is no such page
    PagesManager.uses_pages_directory = False
    delay_timers()

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        start.start_ahead()  # blocks: the address answers once a visitor need not wait
        async with close_dropped_sessions(app):
            yield

    layers = [Middleware(RequestGuard), Middleware(UploadTokens)]
    app = App(__file__, lifespan=lifespan, middleware=layers)
