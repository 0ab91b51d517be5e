"""Compression."""

import streamlit as st

st.title("Compression")
