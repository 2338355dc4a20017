"""What the columns of an attempt's tables lose: asked of the source after the load, judged by the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.databases import LossPolicy
from fleet.dms.tasks import TableState
from fleet.tables.catalogue import Table, TableName
from fleet.tables.losses import ColumnLoss, accept, ask_losses, find_column_losses
from lambdas.attempt_context import Opened
from lambdas.counting import count_losses
from lambdas.wiring import Clients

Reported = Mapping[TableName, tuple[TableState, int, str]]
"""DMS's statistics: the state of each table, its rows and what DMS says."""


def find_losses(
    opened: Opened, tables: Sequence[Table], reported: Reported, clients: Clients
) -> dict[TableName, list[ColumnLoss]] | None:
    """What each of *tables* that was loaded loses; None while the source has not counted all of it.

    Where nobody may wonder about a loss, because the registry accepts it, the source is not asked.
    """
    engine, profile = opened.server.engine, opened.settings.profile_of(opened.database)
    loaded = [table for table in tables if reported.get(table.name, ("missing", 0, ""))[0] == "loaded"]
    asked = {table.name: ask_losses(engine, table, profile.lob_max_kilobytes) for table in loaded}
    policies: dict[TableName, LossPolicy] = {table.name: opened.database.losses_of(table.name) for table in loaded}
    wanted = [one for one in asked.values() if one.asked and policies[one.name] != "accept"]
    is_asked = opened.record.source_answered and wanted
    counted = count_losses(opened, wanted, clients) if is_asked else {}
    if counted is None:
        return None
    losses = {
        table.name: find_column_losses(
            engine, table, reported[table.name][1], asked[table.name], counted.get(table.name)
        )
        for table in loaded
    }
    return {
        name: accepted
        for name, found in losses.items()
        if (accepted := accept(found, opened.database, name, policies[name]))
    }
