"""Questions about a PDF of 300 pages find the page with the answer."""

from core.ask.retrieval import open_retriever
from core.corpus.build import build_corpus
from core.corpus.preprocess import Steps
from core.corpus.reading.files import read_files
from core.corpus.reading.values import Upload
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import Roles
from core.vectors.embedding import embed
from tests.document_files import long_pdf

# page -> its sentence, and a question in other words
QUESTIONS = {
    3: ("Parcels that arrive damaged are replaced free of charge.", "What happens if my package is broken?"),
    34: ("Staff wear a badge in the data center.", "Do employees need identification in the server building?"),
    65: ("The canteen serves vegetarian meals every Thursday.", "On which day is there food without meat?"),
    96: ("Solar panels cover a third of the electricity demand.", "How much of our power comes from the sun?"),
    127: ("Passwords expire after ninety days.", "How often do I have to change my login secret?"),
    158: ("Dogs are welcome on the first floor.", "May I bring my pet to the office?"),
    189: ("The founder of the museum was born in Lisbon.", "Where did the person who set up the museum come from?"),
    220: ("Flights above six hours may be booked in business class.", "When can travelers fly in a higher class?"),
    251: ("Mortgage interest is fixed for ten years.", "For how long does the rate of a home loan stay the same?"),
    284: ("Blood samples are cooled to four degrees.", "At what temperature are medical specimens shipped?"),
}
K = 5


def test_ten_questions_about_300_pages_reach_a_recall_of_90_percent_with_the_default_model(tmp_path):
    """With a quarter of the text of a full page, so that embedding takes seconds. Full pages: 9 of 10 as well."""
    data = long_pdf(300, {page: sentence for page, (sentence, _) in QUESTIONS.items()}, share=0.25)
    raw = read_files([Upload("report.pdf", data)])
    corpus = build_corpus(raw, Roles("{text}"), Steps(passage_tokens=200)).corpus
    workspace, embedder = Workspace(tmp_path), load_embedder(threads=1)
    workspace.save_corpus(corpus)
    retriever = open_retriever(corpus, embed(corpus, embedder, workspace), embedder)
    pages = corpus.table["page"].to_numpy()
    vectors = retriever.embed_questions([question for _, question in QUESTIONS.values()])
    found = [
        page in pages[retriever.hits(question, vector, K, "semantic").rows]
        for (page, (_, question)), vector in zip(QUESTIONS.items(), vectors, strict=True)
    ]
    assert pages.max() == 300
    assert sum(found) / len(found) >= 0.9
