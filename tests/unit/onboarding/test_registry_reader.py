import re
from pathlib import Path

import pytest

from fleet.blackouts import Blackout
from fleet.databases import EndpointSetting, Limits, ParallelLoad, Quarantine, Rename, TaskProfile
from fleet.errors import (
    DuplicateNameError,
    EmptyRegistryError,
    MalformedSettingError,
    QuotaExceededError,
    RegistryError,
)
from onboarding.reader import read_registry
from registry_texts import SETTINGS

SERVERS = "- {id: embedded, engine: postgresql, secret: fleet/server/embedded}\n"
ONE = """\
- id: chinook
  server: embedded
  name_at_source: Chinook
  instance: one
  schemas: [public]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "servers.yaml").write_text(SERVERS, encoding="utf-8")
    (tmp_path / "databases.yaml").write_text(ONE, encoding="utf-8")
    return tmp_path


def refusal(folder: Path, environment: dict[str, str] | None = None, **files: str) -> tuple[type[Exception], list[str]]:
    """The error's class, and its findings without the folder's name, after *files* were written."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        read_registry(folder, environment or {})
    first, *findings = str(caught.value).splitlines()
    assert re.fullmatch(r"the registry has (1 thing|\d+ things) to mend:", first)
    assert str(len(findings)) in first
    return caught.type, [finding.strip().replace(f"{folder}/", "") for finding in findings]


def only(folder: Path, **files: str) -> str:
    """The one finding there is."""
    _, findings = refusal(folder, None, **files)
    assert len(findings) == 1, findings
    return findings[0]


def test_what_is_in_the_files_is_what_comes_back(folder: Path) -> None:
    (folder / "settings.yaml").write_text(
        SETTINGS + "profile: {tables_at_once: 49}\nlimits: {databases_at_once: 3}\n", encoding="utf-8"
    )
    (folder / "servers.yaml").write_text(
        SERVERS.replace("}", ", databases_at_once: 2, connections_at_once: 149}"), encoding="utf-8"
    )
    (folder / "databases.yaml").write_text(
        ONE + "  onboarded: true\n  views: no\n  exclude: [public.log]\n  tags: [music]\n  expected_seconds: 1_200\n"
        "  row_tolerance: 5\n  deltas: true\n  drift: accept\n  deletes: history\n"
        "  tables: [{schema: public, table: invoice, deletes: soft}]\n"
        "  renames: [{schema: public, table: invoice, column: op, to: operation}]\n  parallel_loads:\n"
        "    - {schema: public, table: invoice, column: day, boundaries: [100, '200', 2026-01-01]}\n",
        encoding="utf-8",
    )
    registry = read_registry(folder, {})
    assert registry.settings.profile == TaskProfile(tables_at_once=49)
    assert registry.settings.limits == Limits(databases_at_once=3)
    assert registry.settings.account == "123456789012"
    database = registry.database("chinook")
    assert (database.onboarded, database.views, database.exclude, database.tags) == (
        True, False, ("public.log",), ("music",),
    )  # fmt: skip
    assert (database.expected_seconds, database.row_tolerance, database.deltas) == (1200, 5, True)
    # A boundary is the text that was written, whatever YAML takes it for.
    assert database.parallel_loads == (ParallelLoad("public", "invoice", "day", ("100", "200", "2026-01-01")),)
    assert (database.drift, database.renames) == ("accept", (Rename("public", "invoice", "op", "operation"),))
    assert [database.deletes_of(("public", name)) for name in ("invoice", "other")] == ["soft", "history"]
    server = registry.server_of(database)
    assert (server.secret, server.databases_at_once, server.connections_at_once) == ("fleet/server/embedded", 2, 149)


def test_the_order_of_entries_does_not_matter(folder: Path) -> None:
    other = ONE.replace("chinook", "adventure").replace("Chinook", "Adventure")
    (folder / "databases.yaml").write_text(ONE + other, encoding="utf-8")
    one = read_registry(folder, {})
    (folder / "databases.yaml").write_text(other + ONE, encoding="utf-8")
    assert read_registry(folder, {}) == one
    assert [database.id for database in one.databases] == ["adventure", "chinook"]


def test_anchors_and_merges_are_followed_and_what_is_written_wins(folder: Path) -> None:
    (folder / "databases.yaml").write_text(
        ONE.replace("- id", "- &first\n  id") + "- <<: *first\n  id: other\n  name_at_source: Other\n"
        "- <<: [{tags: [a]}, *first]\n  id: third\n  name_at_source: Third\n",
        encoding="utf-8",
    )
    registry = read_registry(folder, {})
    assert [database.name_at_source for database in registry.databases] == ["Chinook", "Other", "Third"]
    assert registry.database("third").tags == ("a",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  shemas: [x]", "chinook has no key `shemas`. Did you mean `schemas`?"),
        ("  colour: red", "chinook has no key `colour`. Known: `commit_rate`, `deletes`, `deltas`,"),
        ("  deletes: gone", "chinook: `deletes` is 'gone', wanted 'hard' or 'soft' or 'history'."),
        ("  onboarded: maybe", "chinook: `onboarded` is 'maybe', wanted true or false."),
        ("  onboarded: 'yes'", "chinook: `onboarded` is 'yes', wanted true or false. Write it without quotes."),
        ("  tags: music", "chinook: `tags` is 'music', wanted a list. Write it with brackets: `tags: [music]`."),
        ("  tags: [yes]", "chinook: `tags[0]` is yes, wanted text. If that is the text you mean, quote it: 'yes'."),
        ("  tags: [{a: 1}]", "chinook: `tags[0]` is a mapping, wanted text."),
        ("  tags: ['']", "chinook: `tags[0]` is '', wanted some text."),
        ("  expected_seconds: -1", "chinook: `expected_seconds` is -1, wanted 0 or more."),
        ("  expected_seconds: 1.5", "chinook: `expected_seconds` is 1.5, wanted a whole number."),
        ("  expected_seconds: '9'", "`expected_seconds` is '9', wanted a whole number. Write it without quotes."),
        ("  expected_seconds: 010", "chinook: `expected_seconds` is 010, wanted a whole number."),
        ("  row_tolerance: 1:30", "chinook: `row_tolerance` is 1:30, wanted a whole number."),
        ("  row_tolerance:", "chinook: `row_tolerance` is empty, wanted a whole number."),
        ("  server: elsewhere", "the key `server` is here for the second time, first on line 2. Keep one."),
        ("  exclude: [other.log]", "chinook: `exclude[0]` is 'other.log', wanted `schema.table` in one of the"),
        (
            "  exclude_columns: [users.pin]",
            "chinook: `exclude_columns[0]` is 'users.pin', wanted schema.table.column, in",
        ),
        (
            "  exclude_columns: ['public..*']",
            "`exclude_columns[0]` is 'public..*', wanted schema.table.column, in which",
        ),
        (
            "  renames: [{schema: public, table: users, column: pin, to: number}]\n  exclude_columns: ['*.*.PIN']",
            "chinook: `renames[0]` names column public.users.pin, which `exclude_columns` leaves out by '*.*.PIN'.",
        ),
        (
            "  parallel_loads: [{schema: public, table: users, column: pin, boundaries: ['9']}]\n"
            "  exclude_columns: ['*.*.pin']",
            "chinook: `parallel_loads[0]` names column public.users.pin, which `exclude_columns` leaves out",
        ),
        (
            "  tables: [{schema: public, table: users, accept: [id, pin]}]\n  exclude_columns: ['*.*.pin']",
            "chinook: `tables[0].accept` names column public.users.pin, which `exclude_columns` leaves out",
        ),
        (
            "  tables: [{schema: public, table: users, key: [pin]}]\n  exclude_columns: ['*.*.pin']",
            "chinook: `tables[0].key` names column public.users.pin, which `exclude_columns` leaves out",
        ),
        ("  tables: [{schema: public, table: users, key: [id, id]}]", "chinook: `tables[0].key` names 'id' twice."),
        ("  exclude: [public.]", "chinook: `exclude[0]` is 'public.', wanted `schema.table` in one of the"),
        ("  parallel_loads: [{schema: public, table: t, column: c, boundaries: []}]", "gives public.t no boundaries"),
        (
            "  parallel_loads: [{schema: public, table: t, column: c, boundaries: [1, 1]}]",
            "gives public.t the boundary '1' twice",
        ),
        (
            "  parallel_loads: [{schema: public, table: t, column: c, boundaries: [1, 1.0]}]",
            "gives public.t the boundary '1.0' twice",
        ),
        (
            "  parallel_loads: [{schema: public, table: t, column: c, boundaries: [9, 100, 50]}]",
            "gives public.t the boundary '50' after '100'. Each is the upper bound of its range",
        ),
        (
            "  parallel_loads: [{schema: public, table: t, column: c, boundaries: [2026-01-01, 2025-01-01]}]",
            "gives public.t the boundary '2025-01-01' after '2026-01-01'",
        ),
        (
            "  parallel_loads: [{schema: public, table: 'a%', column: c, boundaries: [1]}]",
            "is for public.a%, whose table holds `%`",
        ),
        ("  parallel_loads: [{schema: dbo, table: t, column: c, boundaries: [1]}]", "is for schema 'dbo', wanted one"),
        (
            "  parallel_loads: [{schema: public, table: t, boundaries: [1]}]",
            "`parallel_loads[0]` lacks the key `column`",
        ),
        ("  drift: ignore", "chinook: `drift` is 'ignore', wanted 'accept' or 'partial' or 'failed'."),
        ("  renames: [{schema: dbo, table: t, column: op, to: operation}]", "is for schema 'dbo', wanted one of"),
        (
            "  renames: [{schema: public, table: t, column: a, to: op}]",
            "gives public.t a column 'op', a name that we add",
        ),
        (
            "  renames: [{schema: public, table: t, column: a, to: A}]",
            "gives column 'a' of public.t the name that it has",
        ),
        ("  renames: [{schema: public, table: t, column: a/b, to: ab}]", "wanted a name without #, \\, / and -"),
        ("  renames: [{schema: public, table: t, column: op, to: 1st}]", "wanted letters of ASCII, digits and _"),
        (
            "  renames: [{schema: public, table: t, column: a, to: c}, {schema: public, table: t, column: b, to: C}]",
            "`renames[1]` gives public.t a second column 'C'",
        ),
        (
            "  renames: [{schema: public, table: t, column: a, to: c}, {schema: public, table: t, column: a, to: d}]",
            "`renames[1]` is for column 'a' of public.t again",
        ),
        ("  <<: 5", "`<<` takes 5, wanted the alias of a mapping"),
        ("  ? [a]\n  : b", "a key is a list of 1, wanted a word."),
    ],
)
def test_a_fault_in_a_database_is_named_with_file_and_line(folder: Path, line: str, said: str) -> None:
    finding = only(folder, databases=ONE + line + "\n")
    assert finding.startswith("databases.yaml:6: ")
    assert said in finding


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: chinook", "id: Chinook DB", "1: Chinook DB: `id` is 'Chinook DB', wanted lower-case letters and digits"),
        (
            "server: embedded",
            "server: embeded",
            "2: chinook: `server` is 'embeded', wanted one of servers.yaml. Did you",
        ),
        ("server: embedded", "server: no", "2: chinook: `server` is no, wanted text."),
        ("instance: one", "instance: One", "4: chinook: `instance` is 'One', wanted lower-case"),
        ("  instance: one\n", "", "1: chinook lacks the key `instance`. Add `instance: ...`."),
        ("schemas: [public]", "schemas: []", "5: chinook: `schemas` is empty, wanted at least one."),
        (
            "schemas: [public]",
            "schemas: [public, PUBLIC]",
            "5: chinook: `schemas[1]` is 'PUBLIC', and 'public' has the",
        ),
    ],
)
def test_a_wrong_value_is_named_with_file_and_line(folder: Path, old: str, new: str, said: str) -> None:
    assert only(folder, databases=ONE.replace(old, new)).startswith(f"databases.yaml:{said}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("prefix: fleet", "prefix: Fleet", "1: the settings: `prefix` is 'Fleet', wanted lower-case"),
        ("prefix: fleet", f"prefix: {'p' * 29}", "at most 28 characters"),
        ('"123456789012"', "123", "2: the settings: `account` is 123, wanted the 12 digits of an AWS account."),
        ("eu-central-1", "Frankfurt", "3: the settings: `region` is 'Frankfurt', wanted the name of an AWS Region"),
        ("fleet-landing", "Fleet_Landing", "4: the settings: `landing_bucket` is 'Fleet_Landing', wanted 3 to 63"),
        ("https://demo", "http://demo", "7: the settings: `snowflake.account_url` is 'http://demo-fleet.snow"),
        ("  user: LOADER\n", "", "6: the settings: `snowflake` lacks the key `user`."),
        ("region:", "regoin:", "has no key `regoin`. Did you mean `region`?"),
        ("snowflake:", "profile: {tables_at_once: 50}\nsnowflake:", "`profile.tables_at_once` is 50, wanted 1 to 49."),
        ("snowflake:", "profile: {commit_rate: 50001}\nsnowflake:", "is 50001, wanted 1 to 50,000. DMS takes at most"),
        ("snowflake:", "profile: {lob_max_kilobytes: 0}\nsnowflake:", "is 0, wanted 1 to 102,400."),
        (
            "snowflake:",
            "limits: {databases_at_once: 41}\nsnowflake:",
            "`limits.databases_at_once` is 41, wanted 1 to 40",
        ),
        ("snowflake:", "limits: {databases_at_once: 0}\nsnowflake:", "`limits.databases_at_once` is 0, wanted 1 to 40"),
        ("snowflake:", "limits: {task_deadline_seconds: 86400}\nsnowflake:", "wanted 1 to 39,600. A database has 12"),
        ("snowflake:", "limits: [40]\nsnowflake:", "`limits` is a list of 1, wanted a mapping of keys to values."),
    ],
)
def test_a_wrong_setting_is_named_with_file_and_line(folder: Path, old: str, new: str, said: str) -> None:
    _, findings = refusal(folder, settings=SETTINGS.replace(old, new))
    assert any(finding.startswith("settings.yaml:") and said in finding for finding in findings), findings


@pytest.mark.parametrize(
    ("caps", "said"),
    [
        ("databases_at_once: 0", "`databases_at_once` is 0, wanted 1 or more."),
        ("databases_at_once: many", "`databases_at_once` is 'many', wanted a whole number."),
        ("databases_at_once: '4'", "`databases_at_once` is '4', wanted a whole number. Write it without quotes."),
        ("connections_at_once: 0", "`connections_at_once` is 0, wanted 1 or more."),
        ("connections_at_once: all", "`connections_at_once` is 'all', wanted a whole number."),
        (
            "connections_at_once: 25",
            "`connections_at_once` is 25, and the load of one database opens up to 26 with `profile.tables_at_once` 8. "
            "Wanted at least 26, or fewer tables at once.",
        ),
    ],
)
def test_a_server_that_bears_nothing_is_refused(folder: Path, caps: str, said: str) -> None:
    finding = only(folder, servers=SERVERS.replace("}", f", {caps}}}"))
    assert finding == f"servers.yaml:1: embedded: {said}"


def test_a_server_bears_the_widest_of_its_databases(folder: Path) -> None:
    finding = only(folder, servers=SERVERS, databases=f"{ONE.rstrip()}\n  tables_at_once: 33\n")
    assert finding == (
        "servers.yaml:1: embedded: `connections_at_once` is 100, and the load of chinook opens up to 101 with its "
        "`tables_at_once` 33. Wanted at least 101, or fewer tables at once."
    )


@pytest.mark.parametrize("seconds", [-1, 21_601])
def test_a_wait_for_a_server_takes_at_most_half_of_an_execution(folder: Path, seconds: int) -> None:
    finding = only(folder, settings=SETTINGS + f"limits: {{server_wait_seconds: {seconds}}}\n")
    assert f"`limits.server_wait_seconds` is {seconds}, wanted 0 to 21,600." in finding


def test_an_unknown_engine_is_refused(folder: Path) -> None:
    finding = only(folder, servers=SERVERS.replace("postgresql", "oracle"))
    assert finding == (
        "servers.yaml:1: embedded: `engine` is 'oracle', "
        "wanted 'postgresql' or 'mysql' or 'mariadb' or 'sqlserver'. "
        "Known: `mariadb`, `mysql`, `postgresql`, `sqlserver`."
    )


PLAIN = SERVERS.replace("embedded}", "embedded, ssl_mode: none}")
MARIADB = PLAIN.replace("postgresql", "mariadb")


@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_a_mysql_database_with_another_schema_than_itself_is_refused(folder: Path, engine: str) -> None:
    finding = only(folder, servers=PLAIN.replace("postgresql", engine), databases=f"{ONE}  views: false\n")
    assert finding.startswith(
        f"databases.yaml:{len(ONE.splitlines())}: chinook: `schemas` is [public], wanted [Chinook]"
    )
    assert f"a database of {engine} has no schemas but itself" in finding


def test_a_mariadb_database_with_views_is_refused_because_dms_moves_none(folder: Path) -> None:
    one = ONE.replace("public", "Chinook")
    assert only(folder, servers=MARIADB, databases=one).endswith("Write `views: false`.")
    (folder / "databases.yaml").write_text(f"{one}  views: false\n", encoding="utf-8")
    assert read_registry(folder, {}).databases[0].schemas == ("Chinook",)


CERTIFICATE = "certificate: arn:aws:dms:eu-central-1:123456789012:cert:AUTHORITY"
SPELLED_OUT = "- id: embedded\n  engine: {engine}\n  secret: fleet/server/embedded\n  {rest}\n"


@pytest.mark.parametrize(
    ("engine", "rest", "said"),
    [
        ("mysql", "", "1: embedded lacks the key `ssl_mode`, which DMS can only take as none, verify-ca, verify-full"),
        ("mariadb", "ssl_mode: require", "4: embedded: `ssl_mode` is 'require', wanted 'none' or 'verify-ca' or"),
        ("sqlserver", "ssl_mode: verify-ca", "4: embedded: `ssl_mode` is 'verify-ca', wanted 'none' or 'require' or"),
        ("postgresql", "ssl_mode: prefer", "4: embedded: `ssl_mode` is 'prefer', wanted 'none' or 'require' or"),
        ("postgresql", "ssl_mode: verify-full", "4: embedded: `ssl_mode` is 'verify-full' without a `certificate`"),
        ("postgresql", CERTIFICATE, "4: embedded: `certificate` is given, and `ssl_mode` 'require' compares nothing"),
        ("postgresql", "certificate: root.pem", "4: embedded: `certificate` is 'root.pem', wanted the ARN of a cert"),
        ("postgresql", "secret_key: alias/acme", "4: embedded: `secret_key` is 'alias/acme', wanted the ARN of a KMS"),
    ],
)
def test_what_a_servers_connection_cannot_be_is_named_with_its_line(
    folder: Path, engine: str, rest: str, said: str
) -> None:
    servers = SPELLED_OUT.format(engine=engine, rest=rest)
    (finding,) = (one for one in refusal(folder, servers=servers)[1] if one.startswith("servers.yaml"))
    assert finding.startswith(f"servers.yaml:{said}")


def test_a_server_is_encrypted_to_unless_the_registry_says_otherwise(folder: Path) -> None:
    assert read_registry(folder, {}).servers[0].ssl_mode == "require"
    (folder / "servers.yaml").write_text(PLAIN, encoding="utf-8")
    assert read_registry(folder, {}).servers[0].ssl_mode == "none"


def test_a_password_for_a_secret_is_refused_and_not_shown(folder: Path) -> None:
    assert only(folder, servers=SERVERS.replace("fleet/server/embedded", "hunter 2")) == (
        "servers.yaml:1: embedded: `secret` is a text that is not shown, wanted the name or the ARN of a secret: "
        "letters, digits and /_+=.@-. Write the secret's name, never the password."
    )


def test_two_entries_under_one_id_are_refused_with_both_lines(folder: Path) -> None:
    kind, findings = refusal(folder, databases=ONE + ONE.replace("Chinook", "Other"))
    assert kind is DuplicateNameError
    assert findings == [
        "databases.yaml:6: the id `chinook` is here for the second time, first on line 1. "
        "Ids are never shared or reused: choose another."
    ]
    assert refusal(folder, databases=ONE, servers=SERVERS * 2)[0] is DuplicateNameError


def test_two_entries_on_one_line_are_two_entries(folder: Path) -> None:
    entry = "{id: a, server: embedded, name_at_source: A, instance: one, schemas: [public]}"
    assert len(refusal(folder, databases=f"[{entry}, {entry}]")[1]) == 2


def test_two_entries_that_read_one_database_are_refused(folder: Path) -> None:
    kind, findings = refusal(folder, databases=ONE + ONE.replace("id: chinook", "id: copy"))
    assert kind is DuplicateNameError
    assert findings == [
        "databases.yaml:8: copy: 'Chinook' of server 'embedded' is read by another entry already, first on line 3. "
        "Remove one, or mend its `name_at_source`."
    ]


@pytest.mark.parametrize("text", ["", "[]", "# only a comment\n", "---\n", "~\n"])
def test_a_registry_without_databases_is_empty(folder: Path, text: str) -> None:
    kind, findings = refusal(folder, databases=text)
    assert kind is EmptyRegistryError
    assert findings == [findings[0]]
    assert "Add a database: `- id: ...`." in findings[0]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "servers.yaml").unlink()
    assert only(folder).startswith("servers.yaml: the file does not exist.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- id: 'a\n- id: b\n", "this is not YAML: "),
        ("- id: a\n\tserver: b\n", "databases.yaml:2: this is not YAML: "),
        ("- id: *nobody\n", "databases.yaml:1: this is not YAML: "),
        ("- {}\n---\n- {}\n", "databases.yaml:2: this is not YAML: expected a single document in the stream"),
        (
            "id: a\n",
            "databases.yaml:1: the file holds a mapping, wanted a list of entries that begin with `- id: ...`.",
        ),
        ("- just text\n", "databases.yaml:1: database 1 is 'just text', wanted a mapping of keys to values."),
        ("- \x07\n", "databases.yaml:1: this is not YAML: "),
    ],
)
def test_what_is_not_yaml_or_not_a_list_is_named_with_its_line(folder: Path, text: str, said: str) -> None:
    assert said in only(folder, databases=text)


def test_a_file_that_is_not_utf_8_is_named_with_its_line(folder: Path) -> None:
    (folder / "databases.yaml").write_bytes(b"- id: a\n  name_at_source: M\xfcnchen\n")
    assert only(folder) == "databases.yaml:2: the byte 0xfc is not UTF-8. Save the file as UTF-8."


def test_an_anchor_inside_itself_is_refused_and_not_followed_for_ever(folder: Path) -> None:
    _, findings = refusal(folder, databases="- &a {<<: *a, id: x}\n")
    assert any("`<<` takes what it is in" in finding for finding in findings)


def test_everything_that_is_wrong_is_said_at_once_from_top_to_bottom(folder: Path) -> None:
    kind, findings = refusal(
        folder,
        {"FLEET_ONBOARD_CHINOK": "true"},
        settings=SETTINGS.replace("eu-central-1", "moon"),
        servers=SERVERS.replace("fleet/server/embedded", "''"),
        databases=ONE.replace("schemas", "shemas") + ONE,
    )
    assert kind is RegistryError
    assert [finding.split(" ", 1)[0] for finding in findings] == [
        "settings.yaml:3:", "servers.yaml:1:", "databases.yaml:1:", "databases.yaml:5:", "databases.yaml:6:",
        "databases.yaml:8:", "environment:",
    ]  # fmt: skip


def test_findings_of_one_kind_are_raised_as_that_kind(folder: Path) -> None:
    assert refusal(folder, databases=ONE + "  views: 1\n  tags: x\n")[0] is MalformedSettingError


def test_a_database_is_not_blamed_for_a_server_that_could_not_be_read(folder: Path) -> None:
    assert only(folder, servers="- {id: 7 of 9, engine: postgresql, secret: s}\n").startswith("servers.yaml:1:")


def test_onboarded_databases_that_an_instance_cannot_hold_are_refused(folder: Path) -> None:
    many = "".join(ONE.replace("chinook", f"d{n}").replace("Chinook", f"D{n}") for n in range(51))
    (folder / "databases.yaml").write_text(many, encoding="utf-8")
    assert len(read_registry(folder, {}).databases) == 51
    everything = {f"FLEET_ONBOARD_D{n}": "1" for n in range(51)}
    with pytest.raises(QuotaExceededError, match="instance 'one' needs 102 of at most 100 endpoints"):
        read_registry(folder, everything)


def test_flags_of_the_environment_win_over_the_file(folder: Path) -> None:
    assert read_registry(folder, {"FLEET_ONBOARD_CHINOOK": "Yes"}).database("chinook").onboarded
    (folder / "databases.yaml").write_text(ONE + "  onboarded: true\n", encoding="utf-8")
    assert not read_registry(folder, {"FLEET_ONBOARD_CHINOOK": "0"}).database("chinook").onboarded
    assert read_registry(folder, {"PATH": "/bin"}).database("chinook").onboarded


def test_blackouts_of_a_server_are_read_and_refused_where_they_are_malformed_or_leave_no_time(folder: Path) -> None:
    def written(windows: str) -> str:
        return SERVERS.replace("}", f", blackouts: [{windows}]}}")

    good = '{starts: "07:00", ends: "18:30", days: [mon, fri], time_zone: Europe/Berlin}'
    (folder / "servers.yaml").write_text(written(good), encoding="utf-8")
    (server,) = read_registry(folder, {}).servers
    assert server.blackouts == (Blackout("07:00", "18:30", ("mon", "fri"), "Europe/Berlin"),)
    for wrong, words in (
        ('{starts: "7:00", ends: "18:30"}', "is '7:00', wanted a time of the day, as \"07:00\""),
        ('{starts: "07:00", ends: "24:00"}', "Midnight is 00:00."),
        ('{starts: "07:00", ends: "18:30", days: [monday]}', "wanted 'mon'"),
        ('{starts: "07:00", ends: "18:30", time_zone: Berlin}', "wanted the name of a time zone"),
        ('{starts: "07:00", ends: "07:00"}', "`blackouts` leave no time in a week."),
        ('{starts: "07:00", ends: "18:30"}, {starts: "18:00", ends: "07:00"}', "`blackouts` leave no time in a week."),
    ):
        found = only(folder, servers=written(wrong))
        assert found.startswith("servers.yaml:1: embedded: ")
        assert words in found


def test_a_server_runs_where_its_engine_is_offered(folder: Path) -> None:
    assert {one.hosting for one in read_registry(folder, {}).servers} == {"self-managed"}
    rds = SERVERS.replace("}", ", hosting: rds}")
    (folder / "servers.yaml").write_text(rds, encoding="utf-8")
    assert {one.hosting for one in read_registry(folder, {}).servers} == {"rds"}
    assert only(folder, servers=rds.replace("rds", "azure-mi")) == (
        "servers.yaml:1: embedded: `hosting` is 'azure-mi', wanted 'self-managed' or 'rds' or 'aurora' with "
        "postgresql. Mend one of the two: they decide what `fleet prerequisites` prints."
    )
    for engine, hosting in (("mariadb", "aurora"), ("sqlserver", "aurora"), ("mysql", "azure-mi")):
        text = f"- {{id: embedded, engine: {engine}, secret: x, ssl_mode: none, hosting: {hosting}}}\n"
        _, found = refusal(folder, None, servers=text)
        assert any(f"`hosting` is {hosting!r}" in one for one in found)


QUARANTINED = ONE + "  quarantined: {reason: it moves, by: Ada, until: 2026-12-24}\n"


def test_a_quarantine_has_a_reason_a_name_and_a_day(folder: Path) -> None:
    (folder / "databases.yaml").write_text(QUARANTINED, encoding="utf-8")
    found = read_registry(folder, {}).database("chinook").quarantined
    assert found == Quarantine("it moves", "Ada", "2026-12-24")


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("2026-12-24", "2026-02-30", "`quarantined.until` is 2026-02-30, wanted a day of the calendar, as 2026-12-24"),
        ("2026-12-24", "christmas", "`quarantined.until` is 'christmas', wanted a day of the calendar"),
        ("2026-12-24", "", "`quarantined.until` is empty, wanted text"),
        ("it moves", "''", "`quarantined.reason` is '', wanted some text"),
        (", by: Ada", "", "`quarantined` lacks the key `by`"),
    ],
)
def test_a_quarantine_without_one_of_them_or_until_no_day_is_refused(
    folder: Path, old: str, new: str, finding: str
) -> None:
    assert finding in only(folder, databases=QUARANTINED.replace(old, new))


def test_a_family_and_a_fleet_are_not_quarantined_in_a_line(folder: Path) -> None:
    line = QUARANTINED.splitlines()[-1]
    assert "has no key `quarantined`" in only(folder, families=f"- id: crm\n{line}\n")


def _settings(engine: str, text: str, more: str = "") -> str:
    return f"- {{id: embedded, engine: {engine}, secret: x, ssl_mode: none, endpoint_settings: {text}{more}}}\n"


def _blamed(folder: Path, servers: str) -> list[str]:
    return [one for one in refusal(folder, servers=servers)[1] if one.startswith("servers.yaml")]


def test_a_server_gets_the_settings_of_dms_that_its_entry_names(folder: Path) -> None:
    (folder / "servers.yaml").write_text(_settings("sqlserver", "{MultiSubnetFailover: yes, ExecuteTimeout: 120}"))
    (server,) = read_registry(folder, {}).servers
    given = (EndpointSetting("MultiSubnetFailover", value=True), EndpointSetting("ExecuteTimeout", 120))
    assert server.endpoint_settings == given


@pytest.mark.parametrize(
    ("engine", "setting", "said"),
    [
        ("postgresql", "executeTimeout: 9", "executeTimeout` is no setting of DMS for a postgresql source. Did you me"),
        ("postgresql", "MultiSubnetFailover: true", "MultiSubnetFailover` is no setting of DMS for a postgresql"),
        ("postgresql", "SlotName: mine", "SlotName` is not taken: each task has a slot of its own"),
        ("postgresql", "unboundedVarcharMaxSize: 9", "unboundedVarcharMaxSize` is not taken: the columns in Snowflake"),
        ("mysql", "EventsPollInterval: 61", "EventsPollInterval` is 61, wanted a whole number from 1 to 60."),
        ("mysql", "ExecuteTimeout: true", "ExecuteTimeout` is true, wanted a whole number from 1 on."),
        ("mysql", "ServerTimezone: 'US/Pacific;x=y'", "ServerTimezone` is 'US/Pacific;x=y', wanted letters"),
        ("sqlserver", "ApplicationIntent: readonly", "ApplicationIntent` is 'readonly', wanted ReadOnly or ReadWrite"),
        ("sqlserver", "MultiSubnetFailover: 1", "MultiSubnetFailover` is 1, wanted true or false."),
        ("sqlserver", "TlogAccessMode: BackupOnly", "TlogAccessMode` is BackupOnly, which is not taken: changes that"),
        ("sqlserver", "ExecuteTimeout: 1.5", "ExecuteTimeout` is 1.5, wanted true, false, a whole number or a text."),
        ("sqlserver", "ExecuteTimeout: [1]", "ExecuteTimeout` is a list of 1, wanted true, false"),
    ],
)
def test_a_setting_that_dms_has_not_or_that_would_do_harm_is_refused_with_the_reason(
    folder: Path, engine: str, setting: str, said: str
) -> None:
    (finding,) = _blamed(folder, _settings(engine, f"{{{setting}}}"))
    assert finding.startswith(f"servers.yaml:1: embedded: `endpoint_settings.{said}")


def test_all_settings_that_are_wrong_are_named_and_no_password_is_shown(folder: Path) -> None:
    found = _blamed(folder, _settings("postgresql", "{Password: hunter2, Pasword: hunter2, ExecuteTimeout: 1.5}"))
    assert len(found) == 3
    assert not any("hunter2" in one for one in found)
    assert _blamed(folder, _settings("postgresql", "fast"))[0].endswith(
        "Write `endpoint_settings: {ExecuteTimeout: 120}`."
    )


def test_the_wrapper_without_sysadmin_is_for_a_sql_server_of_ones_own(folder: Path) -> None:
    wrapper = "{EnableNonSysadminWrapper: true}"
    (folder / "servers.yaml").write_text(_settings("sqlserver", wrapper), encoding="utf-8")
    assert read_registry(folder, {}).servers
    (finding,) = _blamed(folder, _settings("sqlserver", wrapper, ", hosting: rds"))
    assert "is for self-managed servers, and `hosting` is 'rds'" in finding


@pytest.mark.parametrize("more", ["deltas: true", "deletes: soft"])
def test_a_setting_that_changes_keys_is_refused_where_rows_stay_from_run_to_run(folder: Path, more: str) -> None:
    text = _settings("postgresql", "{TrimSpaceInChar: false}")
    (folder / "servers.yaml").write_text(text, encoding="utf-8")
    assert read_registry(folder, {}).servers
    (finding,) = refusal(folder, servers=text, databases=f"{ONE}  {more}\n")[1]
    assert "gives values another form, and rows of chinook stay from run to run" in finding
