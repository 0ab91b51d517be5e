"""Planisphere's entry point: `streamlit run app.py`."""

# Worker processes run this file again under another name; they must find nothing to do here.
if __name__ == "__main__":
    from pages.shared.frame import run

    run()
