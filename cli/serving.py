"""The local cloud served by this process, from the source databases up, until somebody ends it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cli.account import read_fleet
from cli.detaching import Parent
from cli.own.local_registry import choose, for_this_machine
from cli.own.secrets import Secrets, gather
from cli.sample_registry import SAMPLE_REGISTRY
from cli.wanted import Wanted
from fleet.databases import Registry
from fleet.errors import MalformedInputError, RequestError
from local.admin_paths import admin_paths
from local.cloud import VARIABLES, LocalCloud
from local.sources.demo_fleet import require_sample, write_registry
from local.sources.sample_fleet import build
from local.up_folder import Up, hold, tell
from localcloud.account import ACCOUNT
from localcloud.cloud import AccountLimits
from localcloud.environment import own_environment
from localcloud.http.hosting import Host
from localcloud.http.messages import Reply
from localcloud.http.server import LOOPBACK, HttpServer
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry

_MADE_ANEW = ("warehouse", "handlers.jsonl", "functions")


class PortTakenError(RequestError):
    """The port that was asked for is somebody else's."""


def serve(wanted: Wanted, parent: Parent, ready: Callable[[Up], None]) -> None:
    """Serve until somebody ends it. *ready* is called once it answers."""
    # `fleet down` sends it, at whatever point this is.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with own_environment(VARIABLES), ExitStack() as held:
            held.enter_context(hold(wanted.folder))
            parent.log_to(wanted.folder / "up.log")
            _serve_held(wanted, parent.tell_progress, ready, held)
    except KeyboardInterrupt:
        parent.tell_progress("The local cloud has ended.")
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve_held(wanted: Wanted, progress: Callable[[str], None], ready: Callable[[Up], None], held: ExitStack) -> None:
    def make() -> LocalCloud:
        for name in _MADE_ANEW:
            _remove(wanted.folder / name)
        is_deployed = wanted.fleet is not None
        how: dict[str, Any] = {
            "clock": wanted.clock,
            "time_scale": wanted.time_scale,
            "is_deployed": is_deployed,
            "stays": True,
            "limits": AccountLimits(dms_rate=wanted.dms_rate),
        }
        cloud = LocalCloud(wanted.folder, registry, sources, **how)
        cloud.endpoint = server.endpoint
        return cloud

    host = Host(make, admin_paths(token := secrets.token_urlsafe(24)))
    server = held.push(_listen(host, wanted))  # first: the port may be taken
    registry, sources = _prepare(wanted, progress, held)
    progress("Opening the account ...")
    held.enter_context(host)
    found = Up(
        server.endpoint, os.getpid(), wanted.fleet or "", len(registry.databases), token, registry.settings.prefix
    )
    with server:
        tell(wanted.folder, found)
        ready(found)
        threading.Event().wait()


def _prepare(wanted: Wanted, progress: Callable[[str], None], held: ExitStack) -> tuple[Registry, Secrets]:
    """The registry to deploy and its servers' secrets; the sources stand for as long as *held*."""
    if wanted.fleet is None:
        return replace(read_registry(SAMPLE_REGISTRY, os.environ), databases=()), {}
    if wanted.registry is not None:
        return _prepare_own(wanted.registry, wanted.secrets_file, progress)
    sample = read_registry(SAMPLE_REGISTRY, os.environ)
    is_sample = wanted.databases is None and wanted.tables is None
    if is_sample:
        require_sample(sample)
    progress("Building the source databases (kept for the next time) ...")
    server = held.enter_context(EmbeddedPostgres.start(wanted.folder / "source"))
    built = build(server, wanted.databases, wanted.tables, lambda line: progress(f"  {line}"))
    if is_sample:
        registry = sample
    else:
        written = write_registry(built, SAMPLE_REGISTRY, wanted.folder / "registry", deltas=True)
        registry = read_registry(written, os.environ)
    return registry, {one.secret: server.secret("postgres") for one in registry.servers}


def _prepare_own(folder: Path, secrets_file: Path, progress: Callable[[str], None]) -> tuple[Registry, Secrets]:
    fleet = choose(read_fleet(folder), ())
    if fleet.settings.account != ACCOUNT:  # or `fleet run` would look for the fleet in another account
        raise MalformedInputError(
            f"{folder} is a fleet of account {fleet.settings.account}, and the local cloud plays account {ACCOUNT}.",
            remedy="Serve a copy of the registry that names the latter, or use `fleet try`.",
        )
    logins = gather(fleet.servers, secrets_file, os.environ, None)
    progress(f"Deploying {len(fleet.databases)} databases of {folder}, without deltas ...")
    return for_this_machine(fleet, logins)


def _listen(host: Host, wanted: Wanted) -> HttpServer:
    try:
        return HttpServer(host.answer, wanted.port, _log if wanted.logs else lambda *_: None)
    except OSError as error:
        raise PortTakenError(
            f"Port {wanted.port} of {LOOPBACK} cannot be taken: {error.strerror}.",
            remedy="Name another with --port, or 0 for any free one.",
        ) from None


def _log(reply: Reply, seconds: float) -> None:
    now = time.strftime("%H:%M:%S", time.gmtime())
    click.echo(f"{now} {reply.operation} {reply.status} {seconds * 1000:.1f} ms", err=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
