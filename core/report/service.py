"""The report of a comparison, as a file."""

from typing import Literal

from core.report.document import comparison_document
from core.report.facts import gather
from core.report.html import to_html
from core.report.markdown import to_markdown
from core.scoreboard.service import ScoreboardQuery

Form = Literal["html", "markdown"]


def report_file(asked: ScoreboardQuery, form: Form) -> bytes:
    """UTF-8. Holds everything it needs, and fetches nothing. Raises InputError where no contender is scored."""
    document = comparison_document(gather(asked))
    return to_html(document) if form == "html" else to_markdown(document)
