"""How far contenders disagree, as functions for workers; what each pair needs is kept in the workspace."""

import time

import numpy as np

from core.corpus.loaders import load_corpus
from core.disagreement.cka_rsa import measure_geometry
from core.disagreement.overlap import P, compare
from core.disagreement.stored import (
    KIND,
    cut_inputs,
    explained_rows,
    has_pair,
    pair_inputs,
    pairs_of,
    text_codes,
    text_inputs,
)
from core.disagreement.texts import cut_off, text_facts
from core.errors import InputError, PlanisphereError
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.contenders import Contender, contender_neighbors, get_or_compute_neighbors
from core.vectors.loaders import cached_embedder


def prepare(corpus: CorpusRef, contenders: tuple[Contender, ...], progress: Progress | None = None) -> None:
    """Work out and keep what the pages on disagreement need of these contenders; what is kept is not done again."""
    find_graphs(corpus, contenders)
    compare_pairs(corpus, contenders, progress)
    group_rows(corpus, contenders)
    look_at_texts(corpus, contenders)


def warm_up() -> None:
    """Import what the functions here take (scipy, the model of languages): by next to no work, so that it is all."""
    from core.disagreement.geometry import alike_order
    from core.stats.resampling import jackknife

    text_facts(["Which language is this text in?"])
    jackknife(0.0, [0.0, 1.0])
    alike_order(np.eye(3))


def find_graphs(corpus: CorpusRef, contenders: tuple[Contender, ...], progress: Progress | None = None) -> None:
    """Each contender's neighbor graph. Raises StorageError where the corpus is not embedded with a model."""
    if len(load_corpus(corpus)) < 2:
        raise InputError("This corpus has one row: there are no neighbors to compare.", "Bring in more rows.")
    for contender in contenders:
        get_or_compute_neighbors(corpus, contender, progress)


def compare_pairs(corpus: CorpusRef, contenders: tuple[Contender, ...], progress: Progress | None = None) -> None:
    """What each pair of contenders shares. progress counts pairs."""
    wanted = pairs_of(contenders)
    for done, pair in enumerate(wanted, start=1):
        if not has_pair(corpus, *pair):
            _compare_pair(corpus, *pair)
        if progress:
            progress(done, len(wanted))


def group_rows(corpus: CorpusRef, contenders: tuple[Contender, ...], progress: Progress | None = None) -> None:
    """The default groups of the first contender's model, by which rows are filtered and explained."""
    from core.clusters.results import CLUSTERS, ClusterQuery

    try:
        CLUSTERS.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), contenders[0].model), progress)
    except InputError:  # a corpus too small for groups
        return


def look_at_texts(corpus: CorpusRef, contenders: tuple[Contender, ...], progress: Progress | None = None) -> None:
    """Facts of a sample of the texts, and which of them each model cuts off."""
    workspace = Workspace(corpus.folder)
    texts = [load_corpus(corpus).texts[row] for row in explained_rows(corpus)]
    if workspace.load(KIND, corpus.digest, text_inputs()) is None:
        found = dict(vars(text_facts(texts, progress)))
        facts = {"languages": list(found.pop("languages"))}
        workspace.save(KIND, corpus.digest, text_inputs(), found, facts)
    for model in dict.fromkeys(contender.model for contender in contenders):
        if model.max_tokens and workspace.load(KIND, corpus.digest, cut_inputs(model)) is None:
            _look_for_cuts(workspace, corpus.digest, model, texts)


def _look_for_cuts(workspace: Workspace, corpus: str, model: ModelSpec, texts: list[str]) -> None:
    folder = str(workspace.folder)
    try:
        over = cut_off(texts, cached_embedder(folder, model, None, 1))
    except PlanisphereError as error:  # a model that is gone: the other factors explain what they can
        workspace.save(KIND, corpus, cut_inputs(model), {}, {"error": error.message})
        return
    workspace.save(KIND, corpus, cut_inputs(model), {"over": over}, {"error": ""})


def _compare_pair(corpus: CorpusRef, first: Contender, second: Contender) -> None:
    started, texts = time.perf_counter(), text_codes(corpus)
    one, other = (contender_neighbors(corpus, each).ids for each in (first, second))
    found = compare(one, other, texts)
    facts = {"depths": list(found.depths), "p": P, "seed": 0, "texts": int(texts.max(initial=-1)) + 1}
    facts |= measure_geometry(corpus, first, second)
    arrays = {"shared": found.shared, "rbo": found.rbo, "deep": found.deep}
    facts["seconds"] = round(time.perf_counter() - started, 3)
    Workspace(corpus.folder).save(KIND, corpus.digest, pair_inputs(first, second), arrays, _without_nan(facts))


def is_prepared(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> bool:
    """Whether all that `prepare` makes is kept."""
    workspace = Workspace(corpus.folder)
    models = [contender.model for contender in contenders if contender.model.max_tokens]
    wanted = [text_inputs(), *map(cut_inputs, models), *(pair_inputs(*pair) for pair in pairs_of(contenders))]
    return all(workspace.load(KIND, corpus.digest, inputs) is not None for inputs in wanted)


def _without_nan(facts: dict[str, object]) -> dict[str, object]:
    """NaN is no JSON: None stands for it."""
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in facts.items()}
