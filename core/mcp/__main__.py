"""The command line: `python -m core.mcp [--workspace FOLDER] [--allow-write] [--allow-paid] [--http PORT]`."""

import argparse
import logging
import sys
from collections.abc import Sequence

from mcp.server.transport_security import TransportSecuritySettings

from core.errors import InputError, PlanisphereError
from core.mcp.access import Access, read_keys
from core.mcp.server import build_server
from core.store import Workspace, user_folder

HOST = "127.0.0.1"


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line. Ends the program where it is invalid."""
    parser = argparse.ArgumentParser("python -m core.mcp", description="Serve a workspace to agents (MCP).")
    parser.add_argument("--workspace", default="", help="the workspace folder (default: the user's data folder)")
    parser.add_argument("--allow-write", action="store_true", help="let agents save selections and export files")
    parser.add_argument("--allow-paid", action="store_true", help="let agents send queries to hosted models")
    parser.add_argument("--key-file", default="", help="API keys of hosted models: a line per service, address and key")
    parser.add_argument("--http", type=int, metavar="PORT", help=f"serve http://{HOST}:PORT/mcp instead of stdio")
    return parser.parse_args(arguments)


def open_access(options: argparse.Namespace) -> Access:
    """What the command line allows. Raises InputError where there is no workspace, or keys can't be read."""
    workspace = Workspace(options.workspace or user_folder())
    if not (workspace.folder / "corpora").is_dir():
        remedy = "Pass the app's folder with --workspace (PLANISPHERE_HOME), and import a corpus in the app."
        raise InputError(f"There are no corpora in {workspace.folder}.", remedy)
    return Access(workspace, options.allow_write, options.allow_paid, read_keys(options.key_file))


def transport_security(port: int) -> TransportSecuritySettings:
    """Requests to this machine's own names alone, so that no page in a browser can reach the server (DNS rebinding)."""
    names = [f"{host}:{port}" for host in (HOST, "localhost")]
    return TransportSecuritySettings(allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names])


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until it is interrupted; gives the exit code."""
    options = parse_arguments(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        server = build_server(open_access(options))
    except PlanisphereError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        if options.http is None:
            server.run("stdio")
        else:
            server.run(
                "streamable-http", host=HOST, port=options.http, transport_security=transport_security(options.http)
            )
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
