"""Which retrieval pipelines are compared: models, search modes, and a reranker; what they send and cost."""

import streamlit as st

from core.ask.pipeline_comparison import QuestionsToEmbed, questions_to_embed
from core.ask.pipelines import DEPTH, PipelineSpec
from core.ask.retrieval import MODES, Mode
from core.digest import digest_json
from core.models.registry import capabilities
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import contenders, session
from pages.shared.models.reranker_form import select_reranker
from pages.shared.text import count, plain

MAX_PIPELINES = 24
MODE_NAMES: dict[Mode, str] = {"semantic": "Semantic", "keyword": "Keyword (BM25)", "hybrid": "Hybrid"}
MODE_HELP = (
    "Semantic: by cosine. Keyword: BM25, needs no model. Hybrid: both rankings fused (reciprocal rank fusion). Each "
    "combination of model and mode is a pipeline."
)


def select_pipelines(info: CorpusInfo) -> tuple[PipelineSpec, ...]:
    """Draws the form; the combinations, none while there is no model or no mode."""
    selected = contenders.select_contenders(info, 1)
    if not selected:
        return ()
    modes = st.pills(
        "Search modes", list(MODES), selection_mode="multi", default=list(MODES), key="eval_modes",
        format_func=MODE_NAMES.__getitem__, persist_state="session", help=MODE_HELP,
    )  # fmt: skip
    reranker = select_reranker("eval")
    usable = [contender for contender in selected if capabilities(contender.model).can_embed]
    if left_out := [plain(contender.label) for contender in selected if contender not in usable]:
        st.caption(f"{', '.join(left_out)}: imported vectors can't embed questions and are left out.")
    pipelines = _combinations(usable, list(modes))
    if reranker:
        st.caption(f"Each pipeline is compared with and without {plain(reranker.label)}, which sorts its {DEPTH} best.")
        pipelines += [PipelineSpec(one.mode, one.contender, reranker) for one in pipelines]
    if not pipelines:
        st.info("Select a search mode.", icon=":material/info:")
    if len(pipelines) > MAX_PIPELINES:
        st.caption(f"Only the first {MAX_PIPELINES} of {len(pipelines)} pipelines are compared.")
    return tuple(pipelines[:MAX_PIPELINES])


def agree_to_embed(info: CorpusInfo, pipelines: tuple[PipelineSpec, ...], questions: str) -> bool:
    """Shows what embedding the questions sends and costs; whether it is free, or agreed to."""
    models = tuple(dict.fromkeys(one.contender for one in pipelines if one.contender))
    missing = session.ask(questions_to_embed, session.corpus_ref(info), models, questions, timeout=600)
    paid = [model for model in missing if model.paid]
    if not paid:
        return True
    st.warning("**Paid API:** " + "; ".join(map(_price_text, paid)) + ".", icon=":material/payments:")
    return st.checkbox(
        "I agree that these questions are sent, and to pay for them",
        key=f"eval_agreed-{digest_json([questions, [model.label for model in paid]])}",
        help="Sends the questions to the services above. Or select models that run locally.",
    )


def _combinations(models: list[Contender], modes: list[Mode]) -> list[PipelineSpec]:
    """Keyword search alone once; the other modes with each model."""
    keyword = [PipelineSpec("keyword")] if "keyword" in modes else []
    return keyword + [PipelineSpec(mode, model) for model in models for mode in modes if mode != "keyword"]


def _price_text(model: QuestionsToEmbed) -> str:
    price = "price unknown" if model.usd is None else f"at most ${model.usd:,.4f}"
    return f"{count(model.texts, 'question')} to {plain(model.label)}, {price}"
