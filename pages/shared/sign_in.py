"""Who a visitor is, and whether the app may be shown to them: whatever is unclear about sign-in shows nothing."""

import os
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import config

from core.digest import digest_json
from core.errors import PlanisphereError
from core.files import read_json, storage_errors, write_json
from pages.shared.text import plain

SHARED_KEYS = ("redirect_uri", "cookie_secret")
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")
AUTHLIB = (1, 9)
OWNER_FILE = "owner.json"
USERS = "users"  # the folder of their workspaces
ABSENT_SECONDS = 1.0  # until an absent secrets file is looked for again, which a run would do fifty times
_seen_configured = False
_absent_since = -ABSENT_SECONDS  # on the monotonic clock


class SignInError(PlanisphereError):
    """Sign-in is not configured as it should be, or does not say who the visitor is: nothing may be shown."""


def read_secret(name: str) -> Any:
    """A value of the secrets file; None where there is neither. Raises SignInError for a file that can't be read."""
    global _absent_since
    if _is_absent():
        return None
    try:
        return st.secrets.get(name)
    except FileNotFoundError as error:  # Streamlit raises it for a file it can't parse, too
        paths = st.get_option("secrets.files")
        if any(os.path.lexists(path) or not path.endswith(".toml") for path in paths):
            raise _unreadable() from error
        _check_paths()
        _absent_since = time.monotonic()
        return None
    except Exception as error:
        raise _unreadable() from error


def _is_absent() -> bool:
    """Whether there was no secrets file a moment ago, nor a setting that names one."""
    return time.monotonic() - _absent_since < ABSENT_SECONDS


def _check_paths() -> None:
    """Raise SignInError where the server's settings name a secrets file that is missing, such as a failed mount."""
    if config.get_where_defined("secrets.files").startswith("<"):  # Streamlit's own list, whose files may be missing
        return
    if not all(os.path.exists(path) for path in st.get_option("secrets.files")):
        message = "A file that the setting secrets.files names is missing, so nothing is shown: it may require sign-in."
        raise SignInError(message, "Restore the file or correct the setting, then restart the app.")


def _unreadable() -> SignInError:
    # the parser's own message may quote a secret
    message = "The file .streamlit/secrets.toml can't be read, so nothing is shown: it may require sign-in."
    return SignInError(message, "Correct its TOML syntax and its permissions, or remove it, then restart the app.")


def providers() -> list[str]:
    """The providers a visitor may sign in with: names, "" for the one of [auth] itself; none without sign-in.

    Raises SignInError where [auth] is incomplete, was there before, or Authlib is missing.
    """
    global _seen_configured
    section = read_secret("auth")
    if section is None:
        if not _is_absent():
            _check_paths()
        if _seen_configured:
            remedy = "Restore it, or restart the app to run it without sign-in."
            raise SignInError("The [auth] section of .streamlit/secrets.toml is missing, so nothing is shown.", remedy)
        return []
    _seen_configured = True
    names = _complete_providers(section)
    _check_authlib()
    return names


def _complete_providers(section: Any) -> list[str]:
    if not isinstance(section, Mapping):
        raise _incomplete("[auth] must be a section")
    named = {name: value for name, value in section.items() if isinstance(value, Mapping) and name != "client_kwargs"}
    parts: dict[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
        f"auth.{name}": (value, PROVIDER_KEYS) for name, value in named.items()
    }
    unnamed = not named or any(name in section for name in PROVIDER_KEYS)
    parts["auth"] = (section, SHARED_KEYS + PROVIDER_KEYS if unnamed else SHARED_KEYS)
    for title, (values, keys) in parts.items():
        missing = [key for key in keys if not (isinstance(values.get(key), str) and values[key].strip())]
        if missing:
            raise _incomplete(f"[{title}] lacks {', '.join(missing)}")
    return [*([""] if unnamed else []), *named]


def _incomplete(reason: str) -> SignInError:
    remedy = "Complete the [auth] section of .streamlit/secrets.toml as the README shows, then restart the app."
    return SignInError(f"Sign-in is configured incompletely, so nothing is shown: {reason}.", remedy)


def _check_authlib() -> None:
    try:
        installed = tuple(int(number) for number in re.findall(r"\d+", version("authlib"))[:3])
    except PackageNotFoundError:
        installed = ()
    if installed < AUTHLIB:
        message = "Sign-in is configured, but the package Authlib is missing or too old, so nothing is shown."
        raise SignInError(message, 'Install it (pip install "Authlib>=1.9,<2"), then restart the app.')


def is_needed() -> bool:
    """Whether this visitor has to sign in before anything is shown. Raises SignInError."""
    return bool(providers()) and not _is_logged_in()


def _is_logged_in() -> bool:
    return st.user.to_dict().get("is_logged_in") is True


def home_folder(home: Path) -> Path:
    """The workspace folder of this visitor: home itself only without sign-in. Raises SignInError."""
    if not _is_logged_in():
        if providers():
            raise SignInError("You are not signed in.", "Reload the page and sign in.")
        if (home / USERS).is_dir():
            message = "This server was used with sign-in, which is not configured any more, so nothing is shown."
            remedy = (
                "Restore [auth] in .streamlit/secrets.toml, or set PLANISPHERE_HOME to another folder, and restart."
            )
            raise SignInError(message, remedy)
        return home
    providers()  # signed in, but what was signed in to may be broken by now
    return user_folder(home / USERS, st.user.to_dict())


def user_folder(users: Path, user: Mapping[str, Any]) -> Path:
    """The folder named by a digest of issuer and subject, or the one named by the subject alone that is this user's.

    Raises SignInError where the provider names no issuer or subject, which would be one user for many people.
    """
    issuer, subject = (user.get(name) for name in ("iss", "sub"))
    if not (isinstance(issuer, str) and issuer.strip() and isinstance(subject, str) and subject.strip()):
        raise SignInError(
            "The sign-in provider does not identify you, so nothing is shown.",
            'Use an OpenID Connect provider, which gives the claims "iss" and "sub". To sign out, open /auth/logout.',
        )
    owner = digest_json({"issuer": issuer, "subject": subject})
    earlier = users / digest_json(subject)
    single = len(providers()) < 2  # else a subject does not say whose folder that was
    return earlier if single and earlier.is_dir() and _owner_of(earlier, owner) == owner else users / owner


def _owner_of(folder: Path, visitor: str) -> str:
    """The owner of a folder named by the subject alone: the first visitor, since providers may share subjects."""
    path = folder / OWNER_FILE
    if not path.exists():
        draft = folder / f".{OWNER_FILE}.{uuid.uuid4().hex}"
        write_json(draft, {"owner": visitor})
        with storage_errors(folder), suppress(FileExistsError):
            os.link(draft, path)  # never replaces another's claim, and is never seen half written
        draft.unlink(missing_ok=True)
    record = read_json(path)
    return str(record.get("owner")) if isinstance(record, dict) else ""


def show_sign_in() -> None:
    """Ask the visitor to sign in."""
    st.title("Planisphere")
    st.write("Sign in to open your workspace.")
    for name in providers():
        label = f"Sign in with {name}" if name else "Sign in"
        st.button(label, type="primary", icon=":material/login:", on_click=st.login, args=(name or None,))


def show_account() -> None:
    """Who is signed in, and a button to sign out; nothing without sign-in."""
    if not _is_logged_in():
        return
    st.caption(f"Signed in as {plain(account_name())}")
    st.button("Sign out", key="sign-out", icon=":material/logout:", on_click=st.logout, help="Your jobs continue.")


def account_name() -> str:
    """The e-mail address or name of who is signed in, "" without sign-in."""
    user = st.user.to_dict() if _is_logged_in() else {}
    return next((str(user[key]) for key in ("email", "name", "sub") if user.get(key)), "")
