"""A small OpenID Connect provider on this machine: the code flow, with identity tokens signed by RS256."""

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = {"client_id": "planisphere", "client_secret": "of the client"}


class OpenIdProvider:
    """Its sign-in page has a link for each subject in `people`; `claims` are added to every identity token."""

    def __init__(self, people: tuple[str, ...] = ("ann", "bob")) -> None:
        self.people, self.claims = people, dict[str, Any]()
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.signing_key = self.key  # another one forges
        self.codes: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": self}))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def secrets_toml(self) -> str:
        """The [auth] section that uses this provider."""
        lines = {
            "redirect_uri": "http://127.0.0.1:{port}/oauth2callback",
            "cookie_secret": secrets.token_hex(32),
            "server_metadata_url": f"{self.issuer}/.well-known/openid-configuration",
            **CLIENT,
        }
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())

    def metadata(self) -> dict[str, Any]:
        paths = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "end_session_endpoint": "end",
        }
        lists = {
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return {"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in paths.items()}, **lists}

    def people_page(self, query: dict[str, str]) -> str:
        links = []
        for person in self.people:
            code = secrets.token_hex(16)
            self.codes[code] = {"sub": person, "nonce": query.get("nonce", "")}
            target = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
            links.append(f'<a href="{target.replace("&", "&amp;")}">{person}</a>')
        return f"<title>Provider</title>{' '.join(links)}"

    def token(self, code: str) -> dict[str, Any]:
        """The answer to a code, which works once. Raises KeyError for another."""
        now, facts = int(time.time()), self.codes.pop(code)
        claims = {"iss": self.issuer, "aud": CLIENT["client_id"], "iat": now, "exp": now + 600, **facts}
        claims |= {"email": f"{facts['sub']}@example.com", **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signing_key)
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 600, "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    provider: OpenIdProvider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/authorize":
            self._answer(200, self.provider.people_page(query).encode(), "text/html")
        elif address.path == "/end":
            self._answer(302, b"", "text/plain", query["post_logout_redirect_uri"])
        else:
            keys = {"keys": [self.provider.key.as_dict(private=False)]}
            documents = {"/.well-known/openid-configuration": self.provider.metadata(), "/keys": keys}
            self._json(200 if address.path in documents else 404, documents.get(address.path, {}))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        try:
            self._json(200, self.provider.token(form["code"][0]))
        except KeyError:
            self._json(400, {"error": "invalid_grant"})

    def _json(self, status: int, value: Any) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str, location: str = "") -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Location", location)):
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts: Any) -> None:
        """Nothing is printed."""
