"""All checks of a source, in the order in which a person mends what they find: the connection first."""

from __future__ import annotations

from fleet.checks.check import Check
from fleet.checks.source.columns import collations, lob_lengths, losses, types
from fleet.checks.source.connection import certificate, database, login, network, sight, tls
from fleet.checks.source.deltas import delta_mark, delta_tables, swept_keys
from fleet.checks.source.log import agent, capture_job, log_retention, log_rights, log_settings, recovery_model
from fleet.checks.source.server import edition, hosting, version
from fleet.checks.source.tables import (
    ambiguous_names,
    keeping,
    keys,
    name_clashes,
    registry_entries,
    relations,
    rights,
    row_security,
    views,
)
from fleet.checks.source_look import SourceLook

SOURCE_CHECKS: tuple[Check[SourceLook], ...] = tuple(
    module.CHECK
    for module in (
        network,
        certificate,
        login,
        tls,
        database,
        version,
        edition,
        hosting,
        rights,
        row_security,
        relations,
        views,
        keys,
        keeping,
        name_clashes,
        ambiguous_names,
        registry_entries,
        types,
        losses,
        lob_lengths,
        collations,
        recovery_model,
        log_settings,
        log_rights,
        log_retention,
        agent,
        capture_job,
        delta_tables,
        delta_mark,
        swept_keys,
        sight,
    )
)
