"""Disagreement."""

import streamlit as st

st.title("Disagreement")
