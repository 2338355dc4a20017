"""What a premigration assessment looks at, under AWS's names. Pure.

Source: AWS DMS user guide, "Specifying, starting, and viewing premigration assessment runs" (of 2023), whose table says
of each individual assessment when it is applicable (docs/facts/dms.md 9.3). What AWS has added since is known here by
no name: an assessment that is not in the table is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localcloud.dms.engines.reader import SourceTable
from localcloud.dms.type_tables.column import DmsType, SourceColumn

TypeOf = Callable[[SourceColumn], DmsType | None]


@dataclass(frozen=True)
class Applicable:
    """When an assessment is applicable. *target*: what the target must be, or nothing."""

    target: str = ""
    needs_changes: bool = False


UNSUPPORTED_TYPES = "unsupported-data-types-in-source"
LOB_WITHOUT_KEY = "table-with-lob-but-without-primary-key-or-unique-constraint"
NO_KEY = "table-with-no-primary-key-or-unique-constraint"
ASSESSMENTS: Mapping[str, Applicable] = {
    UNSUPPORTED_TYPES: Applicable(),
    "full-lob-not-nullable-at-target": Applicable("relational"),
    LOB_WITHOUT_KEY: Applicable(),
    NO_KEY: Applicable(needs_changes=True),
    "target-table-has-unique-key-or-primary-key-for-cdc": Applicable("relational", needs_changes=True),
    "unsupported-source-pk-type-for-dynamodb-target": Applicable("dynamodb"),
    "unsupported-source-pk-type-for-elasticsearch-target": Applicable("elasticsearch"),
}


def applicable_to_s3(migration_type: str) -> list[str]:
    """The assessments of a task of that type from a relational source to S3.

    >>> applicable_to_s3("full-load")
    ['unsupported-data-types-in-source', 'table-with-lob-but-without-primary-key-or-unique-constraint']
    """
    return [
        name
        for name, when in ASSESSMENTS.items()
        if not when.target and (migration_type != "full-load" or not when.needs_changes)
    ]


def findings(name: str, tables: Sequence[SourceTable], type_of: TypeOf) -> list[str]:
    """What the assessment *name* finds wrong with *tables*, in our words. Only primary keys are looked at: what is
    unique besides is not in a catalogue as it is read here."""
    if name == UNSUPPORTED_TYPES:
        return [
            f"{table.schema}.{table.name}.{column.name}: {column.type_name}"
            for table in tables
            for column in table.columns
            if type_of(column) is None
        ]
    without_key = [table for table in tables if not table.key and not table.is_view]
    if name == NO_KEY:
        return [f"{table.schema}.{table.name}" for table in without_key]
    return [
        f"{table.schema}.{table.name}.{column.name}: {kind.name}"
        for table in without_key
        for column in table.columns
        if (kind := type_of(column)) is not None and kind.is_lob
    ]
