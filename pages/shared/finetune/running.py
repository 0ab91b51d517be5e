"""A training that runs or was interrupted: its course so far, and ending it with its best checkpoint."""

import streamlit as st

from core.finetune.charts import trace_figure
from core.finetune.checkpoints import Trace
from core.finetune.results import FINE_TUNED, FineTuneQuery
from core.finetune.service import discard_training, stop_training, training_trace
from core.jobs.types import JobSpec, JobState
from core.results import Step
from pages.shared import jobs_view, result_view, session
from pages.shared.text import format_duration

STOP_HELP = "Ends the training at its next step; the best checkpoint so far is tested and stored as a model."


def show_running(query: FineTuneQuery, job: JobState) -> None:
    jobs_view.show_progress(job)
    st.fragment(_draw_running, run_every="3s")(query)


def _draw_running(query: FineTuneQuery) -> None:
    trace = training_trace(query)
    if trace is None or not trace.scores:
        st.caption("Loading the model and scoring the base …")
        return
    _show_state(trace)
    st.button(
        "Stop and use the best so far", key="finetune_stop", icon=":material/flag:", on_click=stop_training,
        args=(query,), disabled=trace.best == 0, help=STOP_HELP,
    )  # fmt: skip
    _show_trace(trace, "finetune_live")


def show_interrupted(query: FineTuneQuery, job: JobSpec) -> None:
    """What is left of a training that was cancelled, failed or killed, and the ways to go on."""
    trace = training_trace(query)
    if trace is None:
        return
    with st.container(border=True, key="finetune_interrupted"):
        st.markdown(f"**This training was interrupted after step {trace.saved:,} of {trace.steps:,}.**")
        for state in session.manager().list(session.folder()):
            if state.id == job.id:
                jobs_view.show_stop_reason(state)
        _show_state(trace)
        with st.container(horizontal=True):
            st.button(
                "Continue", key="finetune_continue", type="primary", icon=":material/play_arrow:",
                on_click=result_view.submit_jobs, args=(job,), help="Goes on from the latest checkpoint.",
            )  # fmt: skip
            st.button(
                "Use the best so far", key="finetune_use_best", icon=":material/flag:", on_click=_use_best,
                args=(query, job), disabled=trace.best == 0, help="Tests the best checkpoint and stores it as a model.",
            )  # fmt: skip
            st.button(
                "Discard", key="finetune_discard", icon=":material/delete:", on_click=discard_training, args=(query,),
                help="Deletes its checkpoints. You can start again from the base.",
            )  # fmt: skip
    _show_trace(trace, "finetune_interrupted_trace")
    st.fragment(_watch_job, run_every="2s")(query)


def _watch_job(query: FineTuneQuery) -> None:
    """Draws the page anew once the training goes on, which can be started in the sidebar, too."""
    if result_view.running_job(Step(FINE_TUNED, query)):
        st.rerun()


def _use_best(query: FineTuneQuery, job: JobSpec) -> None:
    stop_training(query)
    result_view.submit_jobs(job)


def _show_state(trace: Trace) -> None:
    base, (step, score) = trace.scores[0][1], trace.scores[-1]
    first, second, third, fourth = st.columns(4)
    first.metric("Base", f"{base:.3f}", help=f"{trace.metric} of the validation examples before training.")
    second.metric(f"Step {step:,}", f"{score:.3f}", f"{score - base:+z.3f}", help=f"The latest {trace.metric}.")
    best = f"step {trace.best:,}" if trace.best else "the base"
    third.metric("Best so far", f"{trace.best_score:.3f}", best, delta_color="off", delta_arrow="off")
    loss = f"{trace.losses[-1][1]:.3f}" if trace.losses else "–"
    fourth.metric("Loss", loss, help=f"Of the latest steps; {format_duration(trace.seconds)} of training so far.")


def _show_trace(trace: Trace, key: str) -> None:
    st.plotly_chart(
        trace_figure(trace, session.theme()),
        key=key,
        alt="Validation score and loss by step",
        config={"displayModeBar": False},
    )
