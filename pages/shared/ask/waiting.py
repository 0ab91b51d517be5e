"""What is shown while a server is waited for."""

import time
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared.text import plain


def waiting(message: str) -> tuple[Callable[[], None], DeltaGenerator]:
    """A function that draws how long it has taken, to be called some times a second: Streamlit interrupts a script only
    where it draws. And the element it draws, to be emptied at the end."""
    line, started = st.empty(), time.monotonic()

    def tick() -> None:
        line.caption(f":material/hourglass_top: {plain(message)} … {time.monotonic() - started:.0f} s")

    return tick, line
