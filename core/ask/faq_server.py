"""An FAQ assistant as a small HTTP endpoint: `python -m core.ask.faq_server --corpus NAME` or `--file assistant.faq`.

GET /health   figures of the assistant
POST /reply   {"question": "..."} -> answer (null where refused), confidence, score, margin, threshold, nearest

Errors are {"error": {"message", "remedy"}}. It listens on the loopback interface unless a bearer token protects it.
"""

import argparse
import hmac
import ipaddress
import json
import logging
import socket
import sys
import threading
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from core.ask.faq_replier import Replier, corpus_replier, file_replier
from core.ask.retrieval import MAX_QUESTION
from core.errors import InputError, PlanisphereError
from core.secret import Secret

MAX_BODY = 64_000  # bytes of a request
MAX_DISCARDED = 1_000_000  # bytes of a larger one that are still read before it is refused
MAX_CONNECTIONS = 64  # more wait
IDLE_SECONDS = 15  # after which a connection is closed
_LOG = logging.getLogger(__name__)


class RequestError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: HTTPStatus, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status, self.message, self.remedy = status, message, remedy


class FaqServer(ThreadingHTTPServer):
    """Serves one assistant. token: required from every request, None for none. Raises InputError for an address that
    can't be used, or that others can reach without a token."""

    daemon_threads = True

    def __init__(self, replier: Replier, host: str, port: int, token: Secret | None = None) -> None:
        self.replier, self.token, self.hosts = replier, token, {host.lower(), "localhost", "127.0.0.1", "::1"}
        if token is None and not is_loopback(host):
            message = f"Other machines could reach {host} without a token."
            raise InputError(message, "Pass --token-file, or use the host 127.0.0.1.")
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        try:
            super().__init__((host, port), FaqHandler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{host}:{port} can't be used ({reason}).", "Choose another port with --port.") from error

    def process_request(self, request: Any, client_address: Any) -> None:
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class FaqHandler(BaseHTTPRequestHandler):
    """Reads a request, and answers in JSON."""

    server: FaqServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Planisphere", ""
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        self._respond("GET", "/health", lambda: self.server.replier.health())

    def do_POST(self) -> None:
        self._respond("POST", "/reply", lambda: self.server.replier.reply(self._question()))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses, such as other methods."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(status, _error(f"{status.phrase}.", "Use GET /health or POST /reply."))

    def log_message(self, format: str, *args: Any) -> None:
        _LOG.info("%s %s", self.address_string(), format % args)

    def _respond(self, method: str, path: str, answer: Any) -> None:
        self._is_read = False
        try:
            self._check_access()
            if self.path.partition("?")[0] != path:
                other = {"/health": "GET", "/reply": "POST"}.get(self.path.partition("?")[0])
                status = HTTPStatus.METHOD_NOT_ALLOWED if other else HTTPStatus.NOT_FOUND
                remedy = f"Use {other}." if other else "Use GET /health or POST /reply."
                raise RequestError(status, f"There is no {method} {self.path[:80]}.", remedy)
            self._send(HTTPStatus.OK, answer())
        except RequestError as error:
            self._discard_body()
            self._send(error.status, _error(error.message, error.remedy))
        except InputError as error:
            self._send(HTTPStatus.BAD_REQUEST, _error(error.message, error.remedy))
        except PlanisphereError as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, _error(error.message, error.remedy))
        except OSError:  # the client has gone
            self.close_connection = True
        except Exception:
            reference = uuid.uuid4().hex[:8]
            _LOG.exception("request failed, reference %s", reference)
            text = f"Look for reference {reference} in the server's log."
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, _error("The request failed.", text))

    def _check_access(self) -> None:
        """A page in a browser must not reach a local server under another name (DNS rebinding)."""
        if self.server.token is None:
            host = self.headers.get("Host", "").rpartition("@")[2].lower()
            name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
            if name not in self.server.hosts:
                raise RequestError(HTTPStatus.FORBIDDEN, "This host name is not served.", "Use http://127.0.0.1.")
            return
        header = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(header, f"Bearer {self.server.token.reveal()}".encode()):
            raise RequestError(HTTPStatus.UNAUTHORIZED, "The token is missing or wrong.", "Send Authorization: Bearer.")

    def _discard_body(self) -> None:
        """Read a request that is not used, since closing before would drop the answer, too."""
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and not self._is_read:
            self.rfile.read(min(int(length[:12]), MAX_DISCARDED))

    def _question(self) -> str:
        """The question of a request. Raises RequestError for anything else."""
        if self.headers.get_content_type() != "application/json":
            remedy = "Send Content-Type: application/json."
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is not declared as JSON.", remedy)
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise RequestError(HTTPStatus.LENGTH_REQUIRED, "The length is missing.", "Send Content-Length.")
        if int(length[:12]) > MAX_BODY:
            message = f"The body has more than {MAX_BODY:,} bytes."
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "Shorten the question.")
        content, self._is_read = self.rfile.read(int(length)), True
        try:
            body = json.loads(content.decode())
        except (ValueError, RecursionError):
            raise InputError("The body is not valid JSON.", 'Send {"question": "..."}.') from None
        question = body.get("question") if isinstance(body, dict) else None
        if not isinstance(question, str) or not question.strip():
            raise InputError("There is no question.", 'Send {"question": "..."}.')
        if len(question) > MAX_QUESTION:
            message = f"The question has more than {MAX_QUESTION:,} characters."
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "Shorten it.")
        return question

    def _send(self, status: HTTPStatus, value: dict[str, Any]) -> None:
        content = json.dumps(value, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def _error(message: str, remedy: str) -> dict[str, Any]:
    return {"error": {"message": message, "remedy": remedy}}


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def read_secret(path: str) -> Secret | None:
    """The first line of a file; None for no path. Raises InputError where there is none."""
    if not path:
        return None
    try:
        lines = Path(path).expanduser().read_text("utf-8").split()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read.", "Check its name and permissions.") from error
    if not lines:
        raise InputError(f"{path} is empty.", "Write the token into it.")
    return Secret(lines[0])


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line. Ends the program where it is invalid."""
    parser = argparse.ArgumentParser("python -m core.ask.faq_server", description="Serve an FAQ assistant by HTTP.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--corpus", help="name or digest of a corpus in the workspace")
    source.add_argument("--file", help="an assistant that was downloaded from the Ask page, or saved by ask.save_faq")
    parser.add_argument("--workspace", default="", help="the workspace folder (default: the user's data folder)")
    parser.add_argument("--question", default="", help="question column (default: as last used on the Ask page)")
    parser.add_argument("--answer", default="", help="answer column")
    parser.add_argument("--model", default="", help="label or key of the embedding model")
    parser.add_argument("--min-precision", type=float, help="precision that the threshold reaches, such as 0.97")
    parser.add_argument("--threshold", type=float, help="threshold on the confidence, instead of a precision")
    parser.add_argument("--key-file", default="", help="file with the API key of a hosted embedding model")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port (default: %(default)s)")
    parser.add_argument("--token-file", default="", help="file with the bearer token that requests must send")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until it is interrupted; gives the exit code."""
    options = parse_arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        token, key = read_secret(options.token_file), read_secret(options.key_file)
        replier = file_replier(options, key) if options.file else corpus_replier(options, key)
        server = FaqServer(replier, options.host, options.port, token)
    except PlanisphereError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"Serving {replier.name} on http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
