"""Arguments that several tools share, with their descriptions for agents."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from core.corpus.filters import FilterKind

STRICT = ConfigDict(extra="forbid")  # a misspelled argument is an error, not an unfiltered result

CorpusName = Annotated[str, Field(description="Name or digest of a corpus, from list_corpora.")]
ModelName = Annotated[
    str, Field(description="Label or key of a model that the corpus is embedded with; the first one by default.")
]
Columns = Annotated[
    list[str] | None,
    Field(description="Columns to return with each row, at most 20; label, time and id columns by default."),
]
MaxCharacters = Annotated[
    int, Field(ge=20, le=20_000, description="Characters of each text; longer ones are cut, with is_cut set.")
]
Limit = Annotated[int, Field(ge=1, le=100, description="The most entries to return.")]
Offset = Annotated[int, Field(ge=0, description="Entries to skip, to read on where a result was cut.")]


@dataclass(frozen=True)
class FilterArgument:
    """A condition on a column, as in the filters of the app and its links. Several conditions must all hold."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    column: Annotated[str, Field(description="A column of describe_corpus.")]
    kind: Annotated[
        FilterKind,
        Field(
            description="values: any of `values`; all values: all of them, in columns with several values per row; "
            "range: from `low` to `high`, both included; contains: `text` in any case; missing: no value; rows: those "
            "of the saved selection that `column` names."
        ),
    ]
    values: Annotated[list[str | int | float | bool], Field(description="Values, as describe_corpus lists them.")] = (
        field(default_factory=list)
    )
    low: Annotated[float | str | None, Field(description="A number, or a date such as 2026-01-31.")] = None
    high: Annotated[float | str | None, Field(description="A number, or a date, of which the whole day counts.")] = None
    text: Annotated[str, Field(description="A substring; of the kind rows the key of the selection.")] = ""


@dataclass(frozen=True)
class RowChoice:
    """Rows that meet every condition given; without any, all rows."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    row_ids: Annotated[list[int] | None, Field(max_length=100_000, description="Row ids, from 0.")] = None
    filters: Annotated[list[FilterArgument], Field(description="Conditions on columns.")] = field(default_factory=list)
    selection: Annotated[str, Field(description="Name of a saved selection.")] = ""
    cluster: Annotated[int | None, Field(description="Number of a cluster, from 1, as in the tool clusters.")] = None
    model: Annotated[str, Field(description="The model whose clusters are meant; the first one by default.")] = ""


Rows = Annotated[RowChoice, Field(description="Which rows.")]
Examples = Annotated[list[int] | None, Field(max_length=50, description="Row ids of examples.")]
Filters = Annotated[list[FilterArgument] | None, Field(description="Search only rows that meet all conditions.")]
