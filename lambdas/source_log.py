"""What the log of a source says to a delta that is about to start: refused, or noted where it says nothing."""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from fleet.deltas.chain import Chain
from fleet.deltas.log_places import judge_place
from fleet.deltas.logs import find_risks, judge_log
from fleet.deltas.open_transactions import describe_open
from fleet.failures import Failure
from fleet.manifests import DeltaSeal
from fleet.names import LOGS_AT_RISK
from fleet.sentences import as_clause
from lambdas.attempt_context import Opened
from lambdas.landing import read_manifest_of
from lambdas.metrics import put_metric
from lambdas.wiring import Clients


def check_log(opened: Opened, clients: Clients) -> Failure | None:
    """A failure, if the source says that its log is of no use to the attempt. A chain that reads it is broken then.

    A source that does not answer is a gap.
    """
    log = clients.source.log(opened.server, opened.database)
    if isinstance(log, Failure):
        _note(opened, (f"the source was not asked of its log ({as_clause(log.text)})",), clients)
        return None
    risks = find_risks(log, opened.settings.limits.delta_overdue_hours)
    if risks:
        named = {"database": opened.database.id, "risks": "; ".join(risks)}
        put_metric(LOGS_AT_RISK, MetricUnit.Count, 1, {"fleet": opened.settings.prefix}, clients.now(), named)
    found = (*log.unseen, *risks)
    chain = clients.chains.find(opened.database.id)
    engine, schemas = opened.server.engine, opened.database.schemas
    if chain is None or chain.broken:
        _note(opened, found, clients)
        return judge_log(engine, log, "", schemas)
    before = _newest_seal(opened, chain, clients)
    if before is not None and chain.newest != chain.number:  # for what is open at a prime's seal the seed waits
        found = (*found, *describe_open(before.open_since))
    _note(opened, found, clients)
    failure = judge_log(engine, log, chain.checkpoint, schemas)
    if failure is None and before is not None and before.place is not None:
        failure = judge_place(engine, before.place, log)
    if failure is not None:
        clients.chains.break_off(opened.database.id, failure.text)
    return failure


def _newest_seal(opened: Opened, chain: Chain, clients: Clients) -> DeltaSeal | None:
    """What the last sealed folder of *chain* says of it; None where its manifest is gone."""
    for record in clients.ledger.attempts_between(opened.database.id, chain.newest, chain.newest):
        manifest = read_manifest_of(record.attempt, opened, clients)
        if manifest is not None:
            return manifest.delta
    return None


def _note(opened: Opened, found: tuple[str, ...], clients: Clients) -> None:
    gaps = tuple(dict.fromkeys((*opened.record.gaps, *found)))
    if gaps != opened.record.gaps:
        clients.ledger.note(opened.attempt, gaps=gaps)
