"""The forms that train word vectors on the corpus, or read them from a file."""

import streamlit as st

from core.corpus.staging import StagedFile
from core.errors import InputError
from core.jobs.results import result_spec
from core.models.word_files import METHODS
from core.store import CorpusInfo
from core.word_vectors.reading import MAX_ROWS
from core.word_vectors.results import FILE_SMOOTHING, TRAINED_WORDS, WORD_FILE, Frequencies, WordFileQuery, WordQuery
from core.word_vectors.service import CorpusFacts, corpus_facts, training_seconds
from core.word_vectors.settings import Settings, TrainedMethod
from pages.shared import result_view, session
from pages.shared.messages import show_error
from pages.shared.text import plain
from pages.shared.uploads import upload_table

TRAINED: dict[TrainedMethod, str] = {name: label for name, label in METHODS.items() if name != "file"}
FREQUENCIES: dict[Frequencies, str] = {"corpus": "This corpus", "rank": "Rank in the file (Zipf)"}
METHOD_HELP = (
    "Skip-gram: a word predicts the words around it; best for small corpora. CBOW: they predict the word; faster. "
    "fastText: skip-gram with character n-grams, so that unknown and misspelled words have a vector. doc2vec: vectors "
    "of texts, trained together with those of words."
)
SIF_HELP = "A word's weight is a / (a + its share of all words): the smaller a, the less do frequent words count."
TRUNCATED = "The first {:,} words are read, and of the others those of this corpus."
FORMATS = (
    "GloVe's .txt, or word2vec's .txt, .vec or .bin; also .gz. Files are sorted by frequency. " + TRUNCATED
).format(MAX_ROWS)


def show_training(info: CorpusInfo) -> None:
    """The settings, the expected time and the button that trains, or the progress."""
    facts = session.ask_once(corpus_facts, session.corpus_ref(info))
    try:
        settings = _select_settings(info, facts)
    except InputError as error:
        show_error(error)
        return
    query = WordQuery(session.corpus_ref(info), settings)
    if TRAINED_WORDS.exists(query):
        st.caption(":material/check_circle: Trained with these settings; it is in the list below.")
        return
    name = METHODS[settings.method]
    result_view.offer_jobs(
        result_spec(TRAINED_WORDS, query, f"{name}: {info.name}"),
        headline=f"Train {name}",
        description=f"On {facts.texts:,} unique texts with {facts.tokens:,} words, on one thread.",
        button="Train", seconds=training_seconds(facts, settings),
    )  # fmt: skip


def _select_settings(info: CorpusInfo, facts: CorpusFacts) -> Settings:
    """Raises InputError for settings out of range."""
    default, key = facts.suggested, info.digest
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.selectbox(
            "Method", list(TRAINED), key="words_method", format_func=TRAINED.__getitem__, help=METHOD_HELP, width=240
        )
        dimensions = st.number_input("Dimensions", 2, 1_000, default.dimensions, 50, key="words_dimensions", width=130)
        epochs = st.number_input(
            "Epochs", 1, 500, default.epochs, key=f"words_epochs-{key}", width=120,
            help="Passes over the texts. The default depends on their number: small corpora need more.",
        )  # fmt: skip
        window = st.number_input(
            "Window", 1, 50, default.window, key="words_window", width=120, help="Words on each side used as context."
        )
        min_count = st.number_input(
            "Minimum count", 1, 1_000, default.min_count, key=f"words_min_count-{key}", width=140,
            help="Words that occur less often get no vector.",
        )  # fmt: skip
        smoothing = st.number_input(
            "SIF a",
            0.00001,
            1.0,
            default.smoothing,
            0.001,
            format="%.5g",
            key="words_a",
            width=130,
            help=SIF_HELP,
            disabled=method == "doc2vec",
        )
        seed = st.number_input(
            "Seed", 0, 1_000_000, 0, key="words_seed", width=110, help="The same seed gives the same vectors."
        )
    numbers = (int(dimensions), int(epochs), int(window), int(min_count), float(smoothing), int(seed))
    return Settings(method, *numbers)


def show_upload(info: CorpusInfo) -> None:
    """The uploader, the source of word frequencies, and the button that reads the file, or the progress."""
    upload = upload_table("File of word vectors", "words_file", FORMATS)
    frequencies, smoothing = _select_frequencies()
    if upload is None:
        return
    file: StagedFile = upload.files[0]
    query = WordFileQuery(session.corpus_ref(info), file, frequencies, smoothing)
    if stored := WORD_FILE.load(query):
        st.caption(" ".join([":material/check_circle: It is in the list below.", *stored.notes]))
        return
    result_view.offer_jobs(
        result_spec(WORD_FILE, query, f"{file.name}: word vectors"),
        headline=f"Read {plain(file.name)}",
        description=TRUNCATED.format(MAX_ROWS), button="Read", seconds=WORD_FILE.seconds(query),
    )  # fmt: skip


def _select_frequencies() -> tuple[Frequencies, float]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        frequencies = st.selectbox(
            "Word frequencies", list(FREQUENCIES), key="words_frequencies", format_func=FREQUENCIES.__getitem__,
            width=240, help="SIF weights words by how frequent they are. Files have no counts.",
        )  # fmt: skip
        smoothing = st.number_input(
            "SIF a", 0.00001, 1.0, FILE_SMOOTHING, 0.001, format="%.5g", key="words_file_a", width=130, help=SIF_HELP
        )
    return frequencies, float(smoothing)
