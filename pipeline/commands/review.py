"""chartproof review: the reviewer's page."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.errors import UserError
from pipeline.commands.ask import memory_key, model_options

if TYPE_CHECKING:
    from pipeline.store import Store
    from pipeline.store.ingest import Registered
    from pipeline.web.chat_routes import Talks
    from pipeline.web.security import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STORE = "review"
"""The folder in the workspace that holds the reviewer's store."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="what `chartproof screen --out` wrote")
    parser.add_argument("--records", type=Path, metavar="FOLDER", help="the records that were screened, if they moved")
    parser.add_argument("--port", type=int, default=8765, metavar="N", help="port (default %(default)s)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (default %(default)s, this machine only)"
    )
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="a host name the server is known by"
    )
    parser.add_argument("--database", metavar="URL", help="postgresql://... instead of a SQLite file in the workspace")
    parser.add_argument("--team", default="default", help="team that new packets belong to (default %(default)s)")
    parser.add_argument(
        "--behind-tls", action="store_true", help="a proxy before this server speaks TLS; allows another --host"
    )
    model_options(parser)
    parser.add_argument(
        "--second-factor", action="store_true", help="ask everybody for one after the password (--behind-tls does)"
    )
    parser.add_argument("--oidc", metavar="ISSUER", help="let people sign in with this OpenID Connect provider")
    parser.add_argument(
        "--oidc-client", default="chartproof", metavar="ID", help="our name there (default %(default)s)"
    )
    parser.add_argument("--oidc-secret", type=Path, metavar="FILE", help="file with the secret that goes with it")
    parser.add_argument("--oidc-name", default="", metavar="WORDS", help="what people call the provider")
    parser.add_argument("--oidc-acr", default="", metavar="VALUE", help="acr or amr that a sign-in there must have")


def run(args: argparse.Namespace) -> int:
    if args.host not in LOOPBACK and not args.behind_tls:
        raise UserError(f"--host {args.host}: others could listen in; put a TLS proxy before it and say --behind-tls")
    import uvicorn

    from pipeline.store import open_store
    from pipeline.store.ingest import register
    from pipeline.web.app import create_app

    settings = _settings(args)
    store = open_store(args.workspace / STORE, args.database)
    try:
        registered = register(store, args.workspace, args.records, args.team)
        threading.Thread(target=_take_in, args=(store, registered), daemon=True).start()
        _first_link(store, args)
        app = create_app(store, settings, talks(args))
        uvicorn.run(app, host=args.host, port=args.port, log_level="critical", access_log=False, server_header=False)
    finally:
        store.close()
    return 0


def talks(args: argparse.Namespace) -> Talks:
    """The conversation with a record, answered by the embedded model unless another is named."""
    from pipeline.web.chat_routes import Talks

    model = None
    if args.model:
        from pipeline.chat.graph import configured

        model = configured(args.model, args.base_url, args.allow_remote)
    return Talks(args.workspace, model, memory_key(args.memory_key))


def _settings(args: argparse.Namespace) -> Settings:
    from pipeline.web.oidc import checked
    from pipeline.web.security import Settings

    provider = None
    if args.oidc:
        try:
            secret = args.oidc_secret.read_text().strip() if args.oidc_secret else ""
        except OSError:
            raise UserError(f"--oidc-secret {args.oidc_secret}: cannot be read") from None
        provider = checked(args.oidc, args.oidc_client, secret, args.oidc_name, args.oidc_acr)
    hosts = (*Settings().hosts, args.host, *args.name)
    return Settings(hosts, args.behind_tls, args.second_factor or args.behind_tls, provider)


def _take_in(store: Store, registered: Registered) -> None:
    """Make the pages while the server answers already; pictures are rendered in processes of their own."""
    from pipeline.store.ingest import take_in_documents

    done = take_in_documents(store, registered)
    print(f"{done.packets} new packets; pages of {done.documents} documents made.", file=sys.stderr)
    for name in done.missing[:5]:
        print(f"{name}: the document is not where it was screened; name its folder with --records", file=sys.stderr)


def _first_link(store: Store, args: argparse.Namespace) -> None:
    """Nobody has an account yet: a one-time link makes the first one, an admin's."""
    from pipeline.store import access

    host = args.name[0] if args.name else "localhost" if args.host in LOOPBACK else args.host
    address = f"https://{host}" if args.behind_tls else f"http://{host}:{args.port}"
    with store.write("start") as tx:
        if access.anyone(tx.conn):
            print(f"Review at {address}/", flush=True)
        else:
            secret = access.make_link(tx, "admin", [args.team])
            print(f"Make the first account, once, at {address}/setup/{secret}", flush=True)
