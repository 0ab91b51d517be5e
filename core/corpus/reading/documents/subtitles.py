"""Subtitles (SRT, WebVTT): cues joined until a sentence ends, with start and end in seconds."""

import math
from collections.abc import Sequence
from typing import Any

from core.corpus.reading.documents.sections import document_part
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file

START, END = "start (s)", "end (s)"
_MAX_PAUSE = 2.0  # seconds between cues that are joined
_MAX_CUES = 10
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？", '"', "”", "]", ")", "♪")


def clock_text(column: str, value: Any) -> str:
    """Seconds of the columns START and END as h:mm:ss, "" for other columns and missing values."""
    if column not in (START, END) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    minutes, seconds = divmod(int(value), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def read_srt(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Raises InputError for a file without cues."""
    return _read(upload, options, "srt")


def read_vtt(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Raises InputError for a file without cues."""
    return _read(upload, options, "vtt")


def _read(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    decoded = to_utf8(upload.name, upload.data, options.encoding)
    lines = decoded.data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    try:
        captions = webvtt.from_buffer(lines, format=kind).captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise damaged_file(upload.name, f"{kind.upper()} subtitles") from error
    rows = list[list[Any]]()
    for caption in captions:
        if rows and _continues(rows[-1], caption):
            rows[-1].append(caption)
        elif caption.text.strip():
            rows.append([caption])
    records = [_record(row) for row in rows]
    note = f"{len(captions):,} cues were joined into {len(records):,} rows, each up to the end of a sentence."
    notes = (*decoded.notes, *((note,) if len(records) < len(captions) else ()))
    source = Source(upload.name, "Subtitles", decoded.encoding, notes=notes, alternatives=decoded.alternatives)
    return document_part(upload, source, records)


def _continues(row: Sequence[Any], caption: Any) -> bool:
    """Whether a cue goes on with the sentence of a row: same speaker, no long pause."""
    last = row[-1]
    pause = (caption.start_time.in_milliseconds() - last.end_time.in_milliseconds()) / 1000
    same_speaker = caption.voice == last.voice and not caption.text.lstrip().startswith(("-", "–", "—"))
    is_open = not last.text.rstrip().endswith(_SENTENCE_END) and len(row) < _MAX_CUES
    return is_open and same_speaker and pause <= _MAX_PAUSE


def _record(row: Sequence[Any]) -> dict[str, Any]:
    text = " ".join(" ".join(caption.text.split()) for caption in row).strip()
    times = {START: row[0].start_time.in_milliseconds() / 1000, END: row[-1].end_time.in_milliseconds() / 1000}
    return {"text": text, **times, **({"speaker": row[0].voice} if row[0].voice else {})}
