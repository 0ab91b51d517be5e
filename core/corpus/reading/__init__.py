"""Files, archives and pasted text -> a raw table, its likely roles, and texts made by a template."""

from core.corpus.reading.delimited import DELIMITER_NAMES, DELIMITERS
from core.corpus.reading.encodings import ENCODINGS
from core.corpus.reading.files import read_files, read_pasted
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.sniff import EXTENSIONS
from core.corpus.reading.template import column_field, render_texts, template_columns
from core.corpus.reading.times import parse_times, time_share
from core.corpus.reading.values import RawTable, ReadOptions, Source, TextUnit, Upload

__all__ = [
    "DELIMITERS",
    "DELIMITER_NAMES",
    "ENCODINGS",
    "EXTENSIONS",
    "RawTable",
    "ReadOptions",
    "Source",
    "TextUnit",
    "Upload",
    "column_field",
    "guess_roles",
    "parse_times",
    "read_files",
    "read_pasted",
    "render_texts",
    "template_columns",
    "time_share",
]
