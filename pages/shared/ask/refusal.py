"""The threshold below which a question counts as not answered by the texts, and where it comes from."""

from dataclasses import dataclass

import streamlit as st

from core.ask.known import MAX_BYTES, KnownQuestions, parse_known, read_known
from core.ask.refusal import MIN_KNOWN, NO_THRESHOLD, RefusalThreshold
from core.ask.refusal_result import REFUSAL, RefusalQuery
from core.errors import PlanisphereError
from core.models.registry import capabilities
from core.stats.interval import Interval
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.ask.form import AskForm
from pages.shared.messages import show_error
from pages.shared.text import plain

SENTENCES, KNOWN = "sentences", "known"
BASES = {SENTENCES: "Corpus sentences", KNOWN: "Known questions"}
WEAK_AUROC = 0.7  # below it, another basis is recommended
REFUSE = "ask_refuse"


@dataclass(frozen=True)
class Refusal:
    """value: what the highest cosine is compared with. calibration: where it comes from; None: nothing is refused."""

    value: float
    calibration: RefusalThreshold | None


def read_refusal(form: AskForm) -> Refusal:
    """The threshold, calibrated here where that is quick or was agreed to; draws its settings and its basis."""
    if form.spec is None:
        st.caption("Without vectors, only a question that shares no word with the texts is refused.")
        return Refusal(NO_THRESHOLD, None)
    progress = st.container()
    with st.expander("Refusal threshold", icon=":material/rule:", key="ask_refusal"):
        is_on = st.toggle(
            "Refuse below the threshold",
            True,
            key=REFUSE,
            persist_state="session",
            help="Otherwise every question is answered from the passages, however little they match.",
        )
        known = _read_basis()
        details = st.container()
    if not is_on or known is None:
        return Refusal(NO_THRESHOLD, None)
    with progress:
        calibration = _calibrate(form, form.spec, known)
    if calibration is None:
        return Refusal(NO_THRESHOLD, None)
    with details:
        _show_calibration(calibration)
    if not calibration.separates:
        progress.caption(
            ":material/info: Nothing is refused: sentences of this corpus do not show which questions it answers. "
            "Give known questions under Refusal threshold."
        )
        return Refusal(NO_THRESHOLD, None)
    return Refusal(calibration.cutoff, calibration)


def turn_off() -> None:
    """A callback: answer every question from now on."""
    session.set_widget(REFUSE, False)


def _read_basis() -> KnownQuestions | None:
    """Known questions, () for sentences of the corpus, None while there are too few."""
    basis = st.segmented_control(
        "Threshold from",
        list(BASES),
        default=SENTENCES,
        format_func=BASES.__getitem__,
        key="ask_basis",
        required=True,
        persist_state="session",
        help="Corpus sentences: sentences stand for answerable questions, texts of random words for unanswerable ones. "
        "Known questions: your own, which is more reliable.",
    )
    if basis != KNOWN:
        return ()
    left, right = st.columns(2)
    fields = [
        column.text_area(label, key=f"ask_{key}", persist_state="session", placeholder="one question a line")
        for column, label, key in ((left, "Answerable", "answerable"), (right, "Unanswerable", "unanswerable"))
    ]
    note = "Two columns: question, and answerable with yes or no."
    upload = st.file_uploader("Or a CSV file", "csv", key="ask_known", help=note)
    try:
        known = parse_known(*(str(field or "") for field in fields))
        known += read_known(upload.getvalue()[: MAX_BYTES + 1]) if upload else ()
    except PlanisphereError as error:
        show_error(error)
        return None
    counts = [sum(answerable is kind for _, answerable in known) for kind in (True, False)]
    is_enough = min(counts) >= MIN_KNOWN
    missing = "" if is_enough else f"; {MIN_KNOWN} of each are needed, and until then nothing is refused"
    st.caption(f"{counts[0]:,} answerable and {counts[1]:,} unanswerable questions{missing}.")
    return known if is_enough else None


def _calibrate(form: AskForm, spec: ModelSpec, known: KnownQuestions) -> RefusalThreshold | None:
    """None while it is not computed, or can't be, which is shown."""
    refs = [session.corpus_ref(info).source for info in form.corpora]
    query = RefusalQuery(refs[0], spec, tuple(refs[1:]), known)
    declared = capabilities(spec)
    sent = f"Embeds up to {query.texts:,} short texts with {plain(spec.label)}."
    price = " They are sent to its server, which may charge for them." if declared.paid else ""
    try:
        return result_view.ready_value(
            REFUSAL, query, headline="Calibrate refusal", description=f"{sent}{price} Until then nothing is refused.",
            title=f"Refusal threshold of {form.corpora[0].name}", button="Calibrate",
        )  # fmt: skip
    except PlanisphereError as error:
        st.caption(f":material/info: No threshold, so nothing is refused: {plain(error.message)} {plain(error.remedy)}")
        return None


def _show_calibration(calibration: RefusalThreshold) -> None:
    unused = "" if calibration.separates else " (not used: no better than chance)"
    st.markdown(
        f"**Threshold: cosine {_number(calibration.value)}**{unused}. It answers {_share(calibration.answered)} of "
        f"{calibration.answerable:,} answerable and refuses {_share(calibration.refused)} of "
        f"{calibration.unanswerable:,} unanswerable texts; AUROC {_number(calibration.auroc)}."
    )
    if calibration.basis == SENTENCES and calibration.auroc.low < WEAK_AUROC:
        note = (
            "Sentences of this corpus say little about which questions it answers: known questions are more reliable."
        )
        st.caption(f":material/info: {note}")
    st.caption(
        f"{plain(calibration.method)} Intervals are 95%; those of shares are Wilson's, measured on the texts that the "
        "threshold comes from."
    )


def _number(interval: Interval[float]) -> str:
    return f"{interval.value:z.3f} ({interval.low:z.3f} to {interval.high:z.3f})"


def _share(interval: Interval[float]) -> str:
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
