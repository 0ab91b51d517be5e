"""What is shown while a server is waited for."""

import time
from collections.abc import Callable

import streamlit as st

from pages.shared.text import plain


def waiting(message: str) -> Callable[[], None]:
    """Draws how long it has taken, some times a second: Streamlit interrupts a script only where it draws."""
    line, pulse, started, shown = st.empty(), st.empty(), time.monotonic(), -1

    def tick() -> None:
        nonlocal shown
        pulse.empty()
        seconds = int(time.monotonic() - started)
        if seconds != shown:
            shown = seconds
            line.caption(f":material/hourglass_top: {plain(message)} … {seconds} s")

    return tick
