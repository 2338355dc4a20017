"""A registry that is wrong in thirty ways is mended in one go: all of them are named at once, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from onboarding.reader import find_wrong

SETTINGS = """\
prefix: Fleet
account: 123456789012
region: eu-central
landing_bucket: fleet.landing
snowflake: {account: X, account_url: "http://x", user: U, key_id: alias/k, role: R, warehouse: W, database: D}
databases: {losses: acept}
profile: {tables_at_once: 80}
limits: {databases_at_once: 0, stuck_seconds: 999999}
colour: red
"""
SERVERS = """\
- {id: erp, engine: sqlserver, secret: "password: x"}
- {id: web, engine: postgres, secret: fleet/server/web}
- {id: crm, engine: mysql, secret: fleet/server/crm, ssl_mode: require}
- {id: hr, engine: postgresql, secret: fleet/server/hr, ssl_mode: verify-full}
- {id: hr, engine: postgresql, secret: fleet/server/hr2}
- {id: log, engine: postgresql, secret: fleet/server/log, connections_at_once: 3}
"""
FAMILIES = """\
- {id: shop, onboarded: true}
- {tags: [none]}
"""
DATABASES = """\
- id: Shop_1
- {id: a, server: epr, instance: one, schemas: [dbo]}
- {id: b, server: erp, instance: one}
- {id: c, server: erp, instance: one, schemas: []}
- {id: d, server: erp, instance: one, schemas: [dbo], shemas: [dbo]}
- {id: e, server: erp, instance: one, schemas: [dbo], onboarded: "yes"}
- {id: f, server: erp, instance: one, schemas: dbo}
- {id: g, server: erp, instance: one, schemas: [dbo, DBO]}
- {id: g, server: erp, instance: one, schemas: [dbo]}
- {id: h, server: erp, instance: one, schemas: [dbo], name_at_source: a}
- {id: i, server: erp, instance: one, schemas: [dbo], name_at_source: a}
- {id: j, server: erp, instance: one, schemas: [dbo], family: spoh}
- {id: k, server: erp, instance: one, schemas: [dbo], exclude: [orders]}
- {id: l, server: erp, instance: one, schemas: [dbo], expected_seconds: -5}
- {id: m, server: erp, instance: i, schemas: [d], parallel_loads: [{schema: d, table: t, column: c, boundaries: [9,1]}]}
- {id: n, server: erp, instance: one, schemas: [dbo], renames: [{schema: dbo, table: t, column: a-b, to: x}]}
- {id: o, server: erp, instance: one, schemas: [dbo], tables: [{schema: dbo}]}
- {id: p, server: erp, instance: one, schemas: [dbo], deletes: never}
"""
WANTED = (
    ("settings.yaml", 1, "`prefix` is 'Fleet'"),
    ("settings.yaml", 3, "`region` is 'eu-central'"),
    ("settings.yaml", 4, "`landing_bucket` is 'fleet.landing'"),
    ("settings.yaml", 5, "`snowflake.account_url` is 'http://x'"),
    ("settings.yaml", 6, "`losses` is 'acept'"),
    ("settings.yaml", 7, "`profile.tables_at_once` is 80"),
    ("settings.yaml", 8, "`limits.databases_at_once` is 0"),
    ("settings.yaml", 9, "has no key `colour`"),
    ("servers.yaml", 1, "erp: `secret` is a text that is not shown"),
    ("servers.yaml", 2, "web: `engine` is 'postgres'"),
    ("servers.yaml", 3, "crm: `ssl_mode` is 'require', wanted 'none'"),
    ("servers.yaml", 4, "hr: `ssl_mode` is 'verify-full' without a `certificate`"),
    ("servers.yaml", 5, "the id `hr` is here for the second time"),
    ("families.yaml", 1, "family shop has no key `onboarded`"),
    ("families.yaml", 2, "family 2 lacks the key `id`"),
    ("databases.yaml", 1, "Shop_1: `id` is 'Shop_1'"),
    ("databases.yaml", 1, "Shop_1 lacks the key `server`"),
    ("databases.yaml", 1, "Shop_1 lacks the key `instance`"),
    ("databases.yaml", 2, "a: `server` is 'epr', wanted one of servers.yaml. Did you mean `erp`?"),
    ("databases.yaml", 1, "Shop_1 lacks the key `schemas`"),
    ("databases.yaml", 3, "b lacks the key `schemas`"),
    ("databases.yaml", 4, "c: `schemas` is empty"),
    ("databases.yaml", 5, "d has no key `shemas`. Did you mean `schemas`?"),
    ("databases.yaml", 6, "e: `onboarded` is 'yes', wanted true or false. Write it without quotes."),
    ("databases.yaml", 7, "f: `schemas` is 'dbo', wanted a list. Write it with brackets"),
    ("databases.yaml", 8, "g: `schemas[1]` is 'DBO', and 'dbo' has the same name in Snowflake"),
    ("databases.yaml", 9, "the id `g` is here for the second time, first on line 8"),
    ("databases.yaml", 9, "g: 'g' of server 'erp' is read by another entry already, first on line 8"),
    ("databases.yaml", 11, "i: 'a' of server 'erp' is read by another entry already, first on line 10"),
    ("databases.yaml", 12, "j: `family` is 'spoh', wanted one of families.yaml. Known: `shop`."),
    ("databases.yaml", 13, "k: `exclude[0]` is 'orders', wanted `schema.table`"),
    ("databases.yaml", 14, "l: `expected_seconds` is -5, wanted 0 or more"),
    ("databases.yaml", 15, "m: `parallel_loads[0]` gives d.t the boundary '1' after '9'"),
    ("databases.yaml", 16, "n: `renames[0].column` is 'a-b', wanted a name without"),
    ("databases.yaml", 17, "o: `tables[0]` lacks the key `table`"),
    ("databases.yaml", 18, "p: `deletes` is 'never', wanted 'hard' or 'soft' or 'history'"),
    ("environment: FLEET_ONBOARD_SHOP", 0, "matches no database of the registry"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("settings", SETTINGS), ("servers", SERVERS), ("families", FAMILIES), ("databases", DATABASES)
    ):  # fmt: skip
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_all_mistakes_are_named_at_once_each_at_its_line(folder: Path) -> None:
    found = find_wrong(folder, {"FLEET_ONBOARD_B": "true"})
    named = [(one.where.replace(f"{folder}/", ""), one.line, one.text) for one in found]
    of_files = [wanted for wanted in WANTED if wanted[1]]
    assert len(of_files) >= 30
    missing = [wanted for wanted in of_files if not any(one[:2] == wanted[:2] and wanted[2] in one[2] for one in named)]
    assert missing == [], "\n".join(map(str, named))


def test_nothing_is_named_that_is_right(folder: Path) -> None:
    named = [(one.where.replace(f"{folder}/", ""), one.line, one.text) for one in find_wrong(folder, {})]
    surplus = [one for one in named if not any(one[:2] == wanted[:2] and wanted[2] in one[2] for wanted in WANTED)]
    assert surplus == []
