"""docs/first-hour.md as a newcomer follows it, against servers that are not the sample's, and where it goes wrong."""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from localcloud.servers.postgres import EmbeddedPostgres
from strangers import Stranger, forks, servers, stranger

__all__ = ["forks", "servers", "stranger"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "first-hour.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n\$ (.+?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_a_stranger_follows_the_page_and_sees_what_it_shows(stranger: Stranger) -> None:
    assert len(BLOCKS) == 3
    urls = {"postgresql://reader@localhost/shop": stranger.shop, "mariadb://reader@localhost/crm": stranger.crm}
    for line, shown in BLOCKS:
        command, *words = (urls.get(word, word) for word in line.split())
        said = stranger.type_in(*words)
        assert (command, said.returncode) == ("fleet", 0), said.stdout + said.stderr
        assert plain(said.stdout.replace(str(stranger.secrets), "~/.config/fleet/secrets.json")) == plain(shown)
    assert (stranger.folder / "try" / "report.html").exists()
    query = re.search(r'-c "(.+)"', BLOCKS[-1][1])
    assert query is not None
    asked = subprocess.run(  # noqa: S603  what the page shows
        [sys.executable, "-c", query[1]], cwd=stranger.folder, capture_output=True, text=True, check=True
    )
    assert "orders" in asked.stdout


def plain(text: str) -> list[str]:
    """*text* without what differs from one run to the next: name, progress, bytes, seconds, and where Python is."""
    text = re.sub(r"try-\d{8}-\d{6}", "try-NOW", text)
    text = re.sub(r"[\d.,]+ s of", "N s of", text)
    text = re.sub(r"^  \S*python -c", "  python -c", text, flags=re.MULTILINE)
    text = re.sub(r"^((?:crm|shop) .+?) +[\d,]+ +[\d,]+$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^(\d databases .+?) +[\d,]+ *$", r"\1", text, flags=re.MULTILINE)
    progress = re.compile(r"  (crm|shop) succeeded|.* of the work, .*")  # of a run that takes longer than a second
    return [" ".join(line.split()) for line in text.strip().splitlines() if not progress.fullmatch(line)]


def test_a_registry_of_another_account_writes_nothing_to_the_source_and_no_password_to_any_file_of_ours(
    stranger: Stranger, postgres: EmbeddedPostgres
) -> None:
    assert stranger.ask("init", stranger.shop).returncode == 0
    settings = stranger.folder / "my-registry" / "settings.yaml"
    text = settings.read_text().replace("123456789012", "210987654321")
    settings.write_text(text.replace("eu-central-1", "us-west-2"))
    databases = stranger.folder / "my-registry" / "databases.yaml"
    entries = yaml.safe_load(databases.read_text())
    databases.write_text(yaml.safe_dump([{**entries[0], "deltas": True}]))
    with postgres.connect("shop") as connection:
        before = connection.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables").fetchone()
    said = stranger.type_in("try", "--json")
    assert said.returncode == 0, said.stderr
    assert [one["outcome"] for one in json.loads(said.stdout)["databases"]] == ["ok"]
    with postgres.connect("shop") as connection:
        after = connection.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables").fetchone()
        slots = connection.execute("SELECT slot_name FROM pg_replication_slots WHERE database = 'shop'").fetchall()
    assert (after, slots) == (before, [])
    password = json.loads(stranger.secrets.read_text())["fleet/server/localhost"]["password"]
    assert stranger.secrets.stat().st_mode & 0o777 == 0o600
    others = [path for path in stranger.folder.rglob("*") if path.is_file() and path != stranger.secrets]
    assert len(others) > 5
    assert [path for path in others if password.encode() in path.read_bytes()] == []


def test_a_login_that_is_refused_is_named_with_the_next_step_and_nothing_is_copied(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger.ask("init", stranger.shop, stranger.crm)
    wrong = stranger.crm.replace(":", ":wrong", 2).replace(":wrong//", "://")
    monkeypatch.setenv("FLEET_SECRET_LOCALHOST_MARIADB", wrong.rpartition("/")[0])
    said = stranger.ask("try")
    assert said.returncode == 2
    assert "nothing was copied, for 1 of 2 databases do not answer" in said.stderr
    assert "crm: " in said.stderr
    assert "shop: " not in said.stderr
    assert not (stranger.folder / "try" / "landing").exists()


def test_a_source_that_does_not_answer_gets_an_entry_all_the_same(stranger: Stranger) -> None:
    said = stranger.ask("init", "postgresql://reader:secret@localhost:1/shop")
    assert said.returncode == 0
    assert "shop was not asked which schemas it has: " in said.stderr
    assert "secret" not in said.stdout.replace("secrets", "") + said.stderr
    (entry,) = yaml.safe_load((stranger.folder / "my-registry" / "databases.yaml").read_text())
    assert entry["schemas"] == ["public"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("init",), "there is no terminal to ask on"),
        (("init", "oracle://reader:x@db/shop"), "'oracle', which is no engine that the fleet reads"),
        (("init", "postgresql://reader:x@db"), "names no database"),
        (("init", "postgresql://reader@db/shop"), "has no password"),
        (("init", "postgresql://reader:x@db:port/shop"), "no URL of a database"),
        (("init", "postgresql://reader:s3/cret@db/shop"), "Write / ? # and @ of a password as %2F %3F %23 %40."),
        (("init", "postgresql://reader:9#1@db/shop"), "no URL of a database"),
        (("init", "postgresql://reader:x@s3/cret@db/shop"), "no URL of a database"),
        (("init", "postgresql://reader:x@db:0/shop"), "no port of 1 to 65535"),
        (("init", "postgresql://r:x@db/shop", "postgresql://r:x@db:5432/shop?sslmode=disable"), "differ in `sslmode`"),
        (("init", "postgresql://r:x@db/shop", "postgresql://r:y@db/crm"), "have one login, r on db, port 5432, and"),
        (("init", "postgresql://reader:x@db/shop?sslmode=prefer"), "sslmode='prefer', wanted disable or require"),
        (("init", "mysql://reader:x@db/shop?ssl=1"), "an option 'ssl' that is not understood"),
        (
            ("init", "mysql://r:x@localhost:1/crm", "--secrets", str(ROOT / "secrets.json")),
            "lies in the repository",
        ),
        (("try",), "there is no registry in"),
        (("try", "--registry", str(ROOT / "registry")), "has no secret fleet/server/embedded"),
        (("try", "shop", "--registry", str(ROOT / "registry")), "database 'shop' is not in the registry"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(stranger: Stranger, words: tuple[str, ...], says: str) -> None:
    said = stranger.ask(*words)
    assert said.returncode == 2, said.stdout
    assert says in said.stderr
    assert "Traceback" not in said.stderr
    assert ":x@" not in said.stderr
    assert "s3" not in said.stderr
    assert not (stranger.folder / "my-registry").exists()
    assert not stranger.secrets.exists()


def test_a_url_of_another_engine_is_named_and_no_fault_of_ours(stranger: Stranger) -> None:
    wrong = stranger.crm.replace("mariadb://", "postgresql://")
    said = stranger.ask("init", wrong)
    assert (said.returncode, "is no PostgreSQL; correct `engine`" in said.stderr) == (0, True), said.stderr
    said = stranger.ask("try")
    assert (said.returncode, "is no PostgreSQL; correct `engine`" in said.stderr) == (2, True), said.stderr


def test_two_tries_in_one_folder_do_not_clear_each_others_files(stranger: Stranger) -> None:
    stranger.ask("init", stranger.shop)
    stranger.type_in("try", "--tables", "public.customers")
    page = (stranger.folder / "try" / "report.html").read_bytes()
    with (stranger.folder / "try" / ".fleet-try").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = stranger.ask("try")
    assert (said.returncode, "another `fleet try` is running in try. Wait" in said.stderr) == (2, True), said.stderr
    assert (stranger.folder / "try" / "report.html").read_bytes() == page


def test_a_file_of_logins_that_others_may_read_is_refused(stranger: Stranger) -> None:
    stranger.ask("init", stranger.shop)
    stranger.secrets.chmod(0o644)
    said = stranger.ask("try")
    assert said.returncode == 2
    assert "has the mode 0644, so that others may read passwords, wanted 0600. chmod 600" in said.stderr


def test_a_registry_that_is_there_is_left_alone(stranger: Stranger) -> None:
    stranger.ask("init", stranger.shop)
    before = (stranger.folder / "my-registry" / "databases.yaml").read_text()
    said = stranger.ask("init", stranger.crm)
    assert (said.returncode, "my-registry is there already" in said.stderr) == (2, True)
    assert (stranger.folder / "my-registry" / "databases.yaml").read_text() == before


QUIET = """CREATE TABLE t (id integer); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW sums AS SELECT 1 AS one;
CREATE TABLE hidden (id integer); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; CREATE TABLE without ()"""


def test_what_a_run_would_not_move_is_named_by_a_try_too_and_an_empty_database_fails_alone(
    stranger: Stranger, postgres: EmbeddedPostgres
) -> None:
    for name in ("quiet", "empty"):
        postgres.create_database(name)
    with postgres.connect("quiet") as connection:
        connection.execute(QUIET.encode())
    try:
        urls = [stranger.shop.replace("/shop", f"/{name}") for name in ("quiet", "empty")]
        assert stranger.ask("init", *urls, stranger.crm).returncode == 0
        said = stranger.type_in("try", "--json")
        alone = stranger.type_in("try", "empty")
        view = stranger.type_in("try", "--tables", "public.sums")
        narrow = stranger.type_in("try", "--tables", "public.t", "--json")
    finally:
        for name in ("quiet", "empty"):
            postgres.drop_database(name)
    found = {one["database"]: one for one in json.loads(said.stdout)["databases"]}
    outcomes = {name: one["outcome"] for name, one in found.items()}
    assert outcomes == {"quiet": "partial", "empty": "failed", "crm": "ok"}, said.stderr
    fates = {one["table"]: one["fate"] for one in found["quiet"]["account"]["relations"]}
    assert fates == {"t": "moved", "sums": "not moved", "hidden": "not moved", "without": "not moved"}
    assert (alone.returncode, "there is nothing to copy" in alone.stderr) == (2, True)
    assert (view.returncode, "DMS does not move materialized views" in view.stderr) == (2, True)
    assert [one["database"] for one in json.loads(narrow.stdout)["databases"]] == ["quiet"], narrow.stderr


def test_tables_of_some_databases_are_tried_without_the_others_and_no_size_that_leaves_nothing(
    stranger: Stranger,
) -> None:
    stranger.ask("init", stranger.shop, stranger.crm)
    said = stranger.type_in("try", "--tables", "crm.contacts", "--json")
    assert said.returncode == 0, said.stderr
    assert [one["database"] for one in json.loads(said.stdout)["databases"]] == ["crm"]
    said = stranger.ask("try", "crm", "--largest", "0")
    assert said.returncode == 2
    assert "--largest leaves out 1 table, all that there are. The smallest has 2 rows: crm.contacts." in said.stderr


def test_a_database_in_quarantine_is_not_read(stranger: Stranger) -> None:
    stranger.ask("init", stranger.shop)
    entries = stranger.folder / "my-registry" / "databases.yaml"
    held = "  quarantined: {reason: it moves, by: Ada, until: 2999-12-24}\n"
    entries.write_text(entries.read_text().rstrip("\n") + "\n" + held)
    said = stranger.ask("try", "shop")
    assert (said.returncode, "shop is held back until 2999-12-24 (UTC), by Ada: it moves." in said.stderr) == (2, True)
    said = stranger.ask("try")
    assert (said.returncode, "or all are in quarantine" in said.stderr) == (2, True)


def test_a_user_without_a_home_names_the_file_of_secrets(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "expanduser", refuse)
    said = stranger.ask("init", stranger.shop)
    assert (said.returncode, "Name the file with --secrets, or set HOME." in said.stderr) == (2, True), said.stderr
    said = stranger.ask("init", stranger.shop, "--secrets", str(tmp_path / "of mine.json"))
    assert (said.returncode, f"fleet try --secrets '{tmp_path}/of mine.json'" in said.stdout) == (0, True), said.stderr
