"""Planisphere's entry point: `streamlit run app.py`."""

# Worker processes run this file again under another name; they must find nothing to do here.
if __name__ == "__main__":
    from pages.shared.frame import run

    run()
elif __name__ == "app":  # imported by the server, before anyone has come
    import os

    from starlette.middleware import Middleware
    from streamlit import App
    from streamlit.runtime.pages_manager import PagesManager

    from pages.shared.request_guard import RequestGuard
    from pages.shared.web_server import UploadTokens, close_dropped_sessions, delay_timers

    os.umask(0o077)  # what this server and its workers write is for the user alone

    # else Streamlit takes pages/ for a folder of scripts until the first run, and tells that there is no such page
    PagesManager.uses_pages_directory = False
    delay_timers()
    layers = [Middleware(RequestGuard), Middleware(UploadTokens)]
    app = App(__file__, lifespan=close_dropped_sessions, middleware=layers)
