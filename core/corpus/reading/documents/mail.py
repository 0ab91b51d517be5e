"""E-mails: one row per message, with subject, sender and date. Attachments are left out."""

import email
import email.policy
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from core.corpus.reading.documents.html_text import html_text
from core.corpus.reading.documents.sections import document_part, pluralize
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

MESSAGE = "message"
_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]{0,500}?\d{4}[^\n]{0,100}\n")
_QUOTED_START = re.compile(rb"^>(>*From )", re.MULTILINE)
# what the parser raises for headers and bodies that break the rules
_FAULTS = (ValueError, LookupError, TypeError, AttributeError)


def read_eml(upload: Upload, options: ReadOptions) -> ParsedFile:
    """One message. Raises InputError for a file without text."""
    return _messages_part(upload, "E-mail", [upload.data])


def read_mbox(upload: Upload, options: ReadOptions) -> ParsedFile:
    """The messages of a mailbox, in its order. Raises InputError for a file without messages."""
    starts = list(_START.finditer(upload.data))
    if not starts:
        raise InputError(f'"{upload.name}" holds no messages.', "Export the mailbox again, as MBOX.")
    ends = [match.start() for match in starts[1:]] + [len(upload.data)]
    messages = [upload.data[match.end() : end] for match, end in zip(starts, ends, strict=True)]
    return _messages_part(upload, "Mailbox", [_QUOTED_START.sub(rb"\1", message) for message in messages])


def _messages_part(upload: Upload, kind: str, messages: Sequence[bytes]) -> ParsedFile:
    records, attachments = list[dict[str, Any]](), 0
    for number, data in enumerate(messages, start=1):
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)  # noqa: S101 - by its policy
        attachments += _count_attachments(message)
        subject, text = _header(message, "subject"), _body(message)
        if text or subject:
            date = _date(message)
            record = {"text": text or subject, MESSAGE: number, "subject": subject, "from": _header(message, "from")}
            records.append({**record, "date": date})
    empty = len(messages) - len(records)
    notes = [f"{pluralize(attachments, 'attachment')} left out."] * bool(attachments)
    notes += [f"{pluralize(empty, 'message')} without text left out."] * bool(empty)
    return document_part(upload, Source(upload.name, kind, notes=tuple(notes)), records)


def _header(message: EmailMessage, name: str) -> str | None:
    with suppress(*_FAULTS):
        return " ".join(str(message[name] or "").split()) or None
    return None


def _date(message: EmailMessage) -> datetime | None:
    """Without a time zone, in UTC."""
    with suppress(*_FAULTS, OverflowError):
        date = message["date"].datetime
        return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date
    return None


def _body(message: EmailMessage) -> str:
    """The plain text, else the text of the HTML."""
    part = None
    with suppress(*_FAULTS):
        part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = part.get_content()
    except _FAULTS:  # an unknown encoding
        payload = part.get_payload(decode=True)
        content = to_utf8("", payload).data.decode("utf-8") if isinstance(payload, bytes) else ""
    if not isinstance(content, str):
        return ""
    text = html_text(content.encode("utf-8", "replace")) if part.get_content_type() == "text/html" else content
    return text.replace("\r\n", "\n").strip()


def _count_attachments(message: EmailMessage) -> int:
    with suppress(*_FAULTS):
        return sum(1 for _ in message.iter_attachments())
    return 0
