"""Scoreboard."""

import streamlit as st

st.title("Scoreboard")
