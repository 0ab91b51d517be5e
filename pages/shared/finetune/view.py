"""Fine-tuning: the weights of a local transformer trained on labels, pairs, judgments or clicks."""

from pathlib import Path

import streamlit as st

from core.errors import PlanisphereError
from core.finetune.results import FINE_TUNED, FineTuneQuery
from core.finetune.service import Plan, base_models, plan_training, training_trace
from core.jobs.results import result_spec
from core.results import Step
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import messages, result_view, session
from pages.shared.adapt.source import select_source
from pages.shared.finetune.models import show_tuned_models
from pages.shared.finetune.report import show_report
from pages.shared.finetune.running import show_interrupted, show_running
from pages.shared.finetune.settings import select_training
from pages.shared.models.choice import added_models
from pages.shared.text import count, disambiguate_labels, format_duration, plain


def show_finetuning(info: CorpusInfo) -> None:
    st.caption(
        "Fine-tuning trains the weights of a model that runs on this machine. It takes minutes and gives another "
        "model, with which texts are embedded anew. An adapter takes seconds: try it first."
    )
    try:
        _show_training(info)
    except PlanisphereError as error:
        messages.show_error(error)
    show_tuned_models(info)


def _show_training(info: CorpusInfo) -> None:
    base = _select_base(info)
    source = select_source(info)
    if source is None:
        return
    settings, seed = select_training(source.kind)
    query = FineTuneQuery(session.corpus_ref(info), base, source, settings, seed)
    if FINE_TUNED.exists(query):
        show_report(info, query)
        return
    title = f"Fine-tuning of {short_name(base)} on {info.name}"
    result_view.show_submitted()
    if running := result_view.running_job(Step(FINE_TUNED, query)):
        show_running(query, running)
        return
    job = result_spec(FINE_TUNED, query, title)
    if training_trace(query):
        show_interrupted(query, job)
        return
    plan = session.ask_once(plan_training, query)
    _show_plan(plan)
    result_view.offer_jobs(
        job, headline="This model has not been fine-tuned yet.",
        description="It runs in the background and can be stopped, cancelled and resumed.", button="Fine-tune",
        seconds=plan.seconds,
    )  # fmt: skip


def short_name(spec: ModelSpec) -> str:
    """The name of a model without the path of its folder."""
    return Path(spec.name).name


def _select_base(info: CorpusInfo) -> ModelSpec:
    by_key = {
        spec.key: spec for spec in base_models(session.corpus_ref(info), tuple(added_models()))
    }  # fmt: skip
    names = disambiguate_labels({key: short_name(spec) for key, spec in by_key.items()})
    key = st.selectbox(
        "Base model", list(by_key), key="finetune_base", width=360, format_func=names.__getitem__,
        persist_state="session",
        help="The packaged model, and sentence-transformers that were added on the Embed page. Models of servers and "
        "static models can't be fine-tuned here; adapters work with all of them.",
    )  # fmt: skip
    return by_key[key]


def _show_plan(plan: Plan) -> None:
    st.subheader("Will it take long?")
    first, second, third, fourth = st.columns(4)
    first.metric(
        "Time", f"≈ {format_duration(max(round(plan.seconds / 60), 1) * 60)}", help="At most, by the tokens of the "
        "examples and the speed of this machine, measured just now. Early stopping may end it sooner; other programs "
        "slow it down.",
    )  # fmt: skip
    second.metric("Steps", f"{plan.steps:,}", help="At most, in all epochs; one batch each.")
    third.metric(
        "Training examples", f"{plan.train:,}", help=f"{count(plan.pairs, 'pair')} to learn from. Another "
        f"{plan.validation:,} examples select the checkpoint.",
    )  # fmt: skip
    other = f" {plan.unseen:,} of them have labels that are not trained on." if plan.unseen else ""
    fourth.metric(
        "Held out", f"{plan.held_out + plan.unseen:,}", help=f"Examples that measure the result.{plain(other)}"
    )  # fmt: skip
