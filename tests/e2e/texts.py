"""Generated texts for a corpus of a test's own: planted subjects, a label, a time column, and rows that mean harm."""

import numpy as np
import pandas as pd

SUBJECTS = ("parcel", "lamp", "garden chair", "teapot")
EVENTS = ("arrived late", "looks lovely", "broke at once", "was well worth it", "came in the wrong color")
HARM = (
    "<script>document.title='owned'</script> plain",
    "<img src=x onerror=\"document.title='owned'\"> and ![x](http://127.0.0.1:9/x.png)",
    "$x^2$ **bold** [link](javascript:alert(1)) :red[red]",
    "=1+1",
)


def feedback(rows: int, seed: int = 0) -> pd.DataFrame:
    """So many rows with columns title, body, stars (a label) and day; each of four subjects makes a cluster."""
    rng = np.random.default_rng(seed)
    subjects = [SUBJECTS[i % len(SUBJECTS)] for i in range(rows)]
    events = rng.choice(EVENTS, rows)
    return pd.DataFrame(
        {
            "title": [f"My {subject}" for subject in subjects],
            "body": [
                f"The {subject} {event}, order {i}."
                for i, (subject, event) in enumerate(zip(subjects, events, strict=True))
            ],
            "stars": rng.integers(1, 6, rows),
            "day": pd.date_range("2026-01-01", periods=rows).astype(str),
        }
    )


def harmful(rows: int) -> pd.DataFrame:
    """The same, followed by rows of markup and formulas, under a column whose name is markup too."""
    table = pd.concat([feedback(rows), pd.DataFrame({"title": "harm", "body": HARM, "stars": 1, "day": "2026-06-01"})])
    return table.assign(**{"<img src=x onerror=document.title='owned'>": "a"})
