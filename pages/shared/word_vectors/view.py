"""Word vectors: trained on the corpus or uploaded, explored word by word, and used as an embedding model."""

from functools import partial

import streamlit as st

from core.models.word_files import METHODS, WordManifest
from core.store import CorpusInfo
from core.word_vectors.service import delete_model, model_size, stored_words, word2vec_text
from pages.shared import created, jobs_view, session
from pages.shared.models.run import running_job, submit_embed_jobs
from pages.shared.text import count, disambiguate_labels, file_stem, format_bytes, plain
from pages.shared.word_vectors.analogies import show_analogies
from pages.shared.word_vectors.changes import show_changes
from pages.shared.word_vectors.nearest import show_nearest
from pages.shared.word_vectors.train import show_training, show_upload
from pages.shared.word_vectors.word_map import show_word_map

MODEL_KEY = "words_model"
FEW_KNOWN = 0.5  # share of the words of the corpus
SECTIONS = {"Nearest words": show_nearest, "Analogies": show_analogies, "Map of words": show_word_map}
CHANGES = "Changed use"
SECTION_HELP = (
    "Nearest words: by cosine. Analogies: a is to b as c is to ? Map of words: UMAP of the most frequent words. "
    "Changed use: words with other neighbors before and after a date; needs a time column, and no trained vectors."
)


def show_word_vectors(info: CorpusInfo) -> None:
    """The whole view."""
    st.caption(
        "Vectors of words, trained on the texts of this corpus or read from a file. As an embedding model, a text is "
        "the weighted mean of its words: fast, in any language, and a baseline for transformers."
    )
    models = stored_words(session.folder())
    with st.expander("Train on this corpus", icon=":material/model_training:", expanded=not models):
        show_training(info)
    with st.expander("Upload word vectors", icon=":material/upload_file:"):
        show_upload(info)
    model = _select_model(info, models)
    if model:
        _show_model(info, model)
    st.divider()
    section = st.segmented_control(
        "Explore", [*SECTIONS, CHANGES], default="Nearest words", key="words_section", required=True,
        persist_state="session", help=SECTION_HELP,
    )  # fmt: skip
    if section == CHANGES:
        show_changes(info)
    elif model is None:
        st.info("There are no word vectors yet. Train them on this corpus, or upload a file.", icon=":material/info:")
    else:
        SECTIONS[str(section)](info, model)


def _select_model(info: CorpusInfo, models: list[WordManifest]) -> WordManifest | None:
    """The selected word vectors; new ones are selected when they are stored, at first those of this corpus."""
    by_digest = {model.digest: model for model in models}
    before = session.remembered("words_listed")
    session.remember("words_listed", list(by_digest))
    if not models:
        return None
    new = [digest for digest in by_digest if before is not None and digest not in before]
    own = [model.digest for model in models if model.corpus == info.digest]
    if new or session.widget_value(MODEL_KEY) not in by_digest:
        session.set_widget(MODEL_KEY, (new or own or list(by_digest))[-1])
    names = disambiguate_labels({digest: model.name for digest, model in by_digest.items()})
    digest = st.selectbox(
        "Word vectors", list(by_digest), key=MODEL_KEY, format_func=names.__getitem__, persist_state="session",
        help="All word vectors of this workspace, also those of other corpora.",
    )  # fmt: skip
    return by_digest[str(digest)]


def _show_model(info: CorpusInfo, model: WordManifest) -> None:
    """What is known of the vectors, and what can be done with them."""
    st.caption(_description(model))
    if model.corpus == info.digest and model.known_share < FEW_KNOWN:
        st.warning(
            "Few words of this corpus have a vector, so that most texts are compared by few words or none. Is the file "
            "of this language?", icon=":material/warning:",
        )  # fmt: skip
    running = running_job(info, model.spec)
    with st.container(horizontal=True, vertical_alignment="center"):
        if model.spec.key in {spec.key for spec in session.workspace().models(info.digest)}:
            created.show_model_links(model.spec)
        elif not running:
            st.button(
                "Use as a model", key="words_use", type="primary", icon=":material/memory:", on_click=submit_embed_jobs,
                args=(info, [model.spec], None),
                help="Embeds this corpus with these word vectors: a model on all pages, beside others.",
            )  # fmt: skip
        if model.method != "file":
            st.download_button(
                "Download", partial(word2vec_text, session.folder(), model.digest),
                f"{file_stem(model.name, 'words')}.vec", "text/plain", key="words_download", on_click="ignore",
                icon=":material/download:", help="word2vec's text format, which gensim, spaCy and others read.",
            )  # fmt: skip
        with st.popover("Delete", icon=":material/delete:"):
            _show_deletion(model)
    if running:
        jobs_view.show_progress(running)


def _show_deletion(model: WordManifest) -> None:
    st.write(
        f"Deletes {plain(model.name)} ({format_bytes(model_size(session.folder(), model.digest))}). Corpora that are "
        "embedded with it keep their vectors, but new texts and queries can't be embedded with it any more."
    )
    st.button(
        "Delete permanently", key="words_delete", icon=":material/delete_forever:", on_click=delete_model,
        args=(session.folder(), model.digest),
    )  # fmt: skip


def _description(model: WordManifest) -> str:
    """Method, settings and coverage, as Markdown."""
    settings, parts = model.settings, [METHODS[model.method], count(model.words, "word")]
    parts.append(f"{model.dimensions:,} dimensions")
    if model.method == "file":
        source = "of this corpus" if model.frequencies == "corpus" else "by rank (Zipf)"
        parts.append(f"SIF a = {model.smoothing:g}, word frequencies {source}")
    else:
        sif = "" if model.method == "doc2vec" else f"SIF a = {model.smoothing:g}, "
        parts.append(
            f"{settings['epochs']} epochs, window {settings['window']}, minimum count {settings['min_count']}, "
            f"{sif}seed {settings['seed']}, one thread"
        )
    known = f"{model.known_share:.1%} of the {model.tokens:,} words of {plain(model.corpus_name)} have a vector"
    return " · ".join([*parts, f"{known} ({count(model.texts, 'unique text')})."])
