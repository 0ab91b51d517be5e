"""Chats: columns of messages (OpenAI's and Anthropic's "messages", ShareGPT's "conversations", bare lists) as rows."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from core.corpus.reading.cells import is_missing, numbered_name
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.template import template_columns
from core.corpus.reading.values import ChatUnit, ParsedFile
from core.errors import InputError

MESSAGES = "messages"  # the column of a file that is nothing but lists of messages
CHAT_UNITS: tuple[ChatUnit, ...] = get_args(ChatUnit)
_ROLE_KEYS, _CONTENT_KEYS = ("role", "from", "speaker", "author", "sender"), ("content", "value", "text", "message")
_ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "customer", "client", "visitor"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai", "chatbot", "agent", "claude"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "observation", "function_call", "ipython"), "tool"),
}
_MAIN_TEXT = re.compile(
    r"text|content|body|review|comment|feedback|document|passage|sentence|question|utterance|utterances", re.IGNORECASE
)
_SAMPLE = 100
_MIN_WORDS = 3


@dataclass(frozen=True)
class _Turn:
    """A message. number: from 1, of its chat."""

    number: int
    role: str
    text: str


def is_chat(value: Any) -> bool:
    """A list of messages, each an object with a role and a content, which may be null beside tool calls."""
    if not isinstance(value, list | np.ndarray) or not len(value):
        return False
    return all(isinstance(item, dict) and _key(item, _ROLE_KEYS) and _key(item, _CONTENT_KEYS) for item in value)


def chat_rows(part: ParsedFile, unit: ChatUnit | None = None) -> ParsedFile:
    """A table of chats with one row per `unit`: turns in the columns text, role, turn and conversation, the other
    columns repeated. unit None: the user's turns; but chats beside a column of texts, or with vectors, stay one row.
    Raises InputError where no turn is left."""
    table = part.table
    position = _chat_column(table) if table is not None else None
    if table is None or position is None:
        return part
    rest = table.iloc[:, [i for i in range(table.shape[1]) if i != position]]
    if unit is None and (part.vectors is not None or _has_texts(rest)):
        return _with_unsplit_note(part, str(table.columns[position]))
    if part.vectors is not None:
        raise InputError(
            f'"{part.source.name}" holds a vector for each chat, so a turn can\'t be a row.',
            "Under import options, import the texts without vectors.",
        )
    chats = [_turns(chat if (chat := _as_chat(cell)) is not None else []) for cell in table.iloc[:, position].tolist()]
    return _unfolded(part, rest, chats, unit or "user turn", str(table.columns[position]))


def _chat_column(table: pd.DataFrame) -> int | None:
    """The first column of chats alone, as objects or as their JSON."""
    for i in range(table.shape[1]):
        cells = [cell for cell in table.iloc[: 10 * _SAMPLE, i].tolist() if not is_missing(cell)][:_SAMPLE]
        filled = [
            cell for cell in cells if isinstance(cell, str) or (isinstance(cell, list | np.ndarray) and len(cell))
        ]
        if filled and len(filled) >= len(cells) / 2 and all(_as_chat(cell) is not None for cell in filled):
            return i
    return None


def _as_chat(cell: Any) -> Any:
    """The messages of a cell, None where it holds none."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    return cell if is_chat(cell) else None


def _has_texts(table: pd.DataFrame) -> bool:
    """Whether a column named like a text has sentences, so that the chats are not what the rows are about."""
    name = next(iter(template_columns(guess_roles(table).text)), "")
    if not _MAIN_TEXT.fullmatch(name):
        return False
    words = [len(str(cell).split()) for cell in table[name].dropna().iloc[:_SAMPLE].tolist()]
    return float(np.mean(words or [0])) >= _MIN_WORDS


def _turns(chat: Sequence[dict[str, Any]]) -> list[_Turn]:
    turns = []
    for number, message in enumerate(chat, start=1):
        role = message.get(_key(message, _ROLE_KEYS))
        role = role.get("role", "") if isinstance(role, dict) else role
        name = str(role or "").strip()
        text = _content(message.get(_key(message, _CONTENT_KEYS)))
        turns.append(_Turn(number, _ROLES.get(name.lower(), name or "unknown"), text))
    return turns


def _key(message: dict[str, Any], names: Sequence[str]) -> str:
    return next((name for name in names if name in message), "")


def _content(content: Any) -> str:
    """The text of a message: as it is, of its parts, "" for null, images and tool calls."""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, dict):
        return _content(content.get("parts", content.get("text")))
    if isinstance(content, list | np.ndarray):
        return "\n".join(text for part in content if (text := _content(part)))
    return ""


def _unfolded(
    part: ParsedFile, rest: pd.DataFrame, chats: list[list[_Turn]], unit: ChatUnit, column: str
) -> ParsedFile:
    selected = [_selected(turns, unit, _has_users(chats)) for turns in chats]
    positions = np.repeat(np.arange(len(chats)), [len(turns) for turns in selected])
    if not len(positions):
        message = f'"{part.source.name}": none of its {len(chats):,} chats has a turn of this kind ({unit}).'
        raise InputError(message, "Under import options, choose another row for chats.")
    rows, turns = rest.iloc[positions].reset_index(drop=True), [turn for group in selected for turn in group]
    added = {
        "text": pd.Series([turn.text for turn in turns], dtype="str"),
        "role": pd.Series([turn.role for turn in turns], dtype="str"),
        "turn" if unit != "conversation" else "turns": pd.Series([turn.number for turn in turns]),
        "conversation": pd.Series(positions + 1),
    }
    if unit == "conversation":
        del added["role"]
    used = set(map(str, rest.columns))
    added = {numbered_name(name, used): cells for name, cells in added.items()}
    table = pd.concat([pd.DataFrame(added), rows], axis=1)
    notes = _unfolding_notes(column, chats, selected, unit)
    source = replace(part.source, rows=len(table), notes=(*part.source.notes, *notes), chat_unit=unit)
    return replace(part, table=table, source=source)


def _has_users(chats: list[list[_Turn]]) -> bool:
    return any(turn.role == "user" for turns in chats for turn in turns)


def _selected(turns: list[_Turn], unit: ChatUnit, has_users: bool) -> list[_Turn]:
    """The rows of a chat; of chats between named people every turn counts as a user's."""
    spoken = [turn for turn in turns if turn.text and turn.role not in {"system", "tool"}]
    if unit == "conversation":
        text = "\n\n".join(f"{turn.role.capitalize()}: {turn.text}" for turn in spoken)
        return [_Turn(len(spoken), "", text)] if spoken else []
    if unit == "answer":
        return [turn for turn in spoken if turn.role == "assistant"]
    users = [turn for turn in spoken if turn.role == "user" or not has_users]
    return users[:1] if unit == "first question" else users


def _unfolding_notes(column: str, chats: list[list[_Turn]], selected: list[list[_Turn]], unit: ChatUnit) -> list[str]:
    rows = sum(map(len, selected))
    notes = [f'The {len(chats):,} chats in the column "{column}" give {rows:,} rows, one for each {unit}.']
    silent = sum(not turn.text for turns in chats for turn in turns)
    without = sum(not turns for turns in selected)
    notes += [f"{silent:,} messages without text (tool calls, images) were left out."] if silent else []
    notes += [f"{without:,} chats have no {unit} with text and give no row."] if without else []
    return notes


def _with_unsplit_note(part: ParsedFile, column: str) -> ParsedFile:
    note = f'The chats in the column "{column}" stay in their cells; under import options, their turns can become rows.'
    return replace(part, source=replace(part.source, notes=(*part.source.notes, note), chat_unit="none"))
