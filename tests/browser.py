"""Makes sure that there is a browser for the tests: Debian's or the one on the path, else Playwright's own."""

import shutil
import subprocess
import sys


def find_browser() -> str | None:
    """The path of a Chromium that is installed, or None (then Playwright uses its own)."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


if __name__ == "__main__" and not find_browser():
    subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=True)
