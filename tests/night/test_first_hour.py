"""docs/first-hour.md as a newcomer follows it, against servers that are not the sample's, and where it goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from forwarder import port_of
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "first-hour.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n\$ (.+?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHOP = """
CREATE TABLE customers (id integer PRIMARY KEY, name text, since date);
INSERT INTO customers VALUES (1, 'Ada', '2024-02-29'), (2, 'Bo', NULL);
CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers, amount numeric(10, 2));
INSERT INTO orders SELECT n, 1 + n % 2, n * 1.25 FROM generate_series(1, 5000) n;
CREATE VIEW revenue AS SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;
CREATE TABLE clicks AS SELECT n AS id, md5(n::text) AS page FROM generate_series(1, 20000) n;
ANALYZE
"""
CRM = (
    "CREATE TABLE contacts (id int PRIMARY KEY, name varchar(40), called datetime)",
    "INSERT INTO contacts VALUES (1, 'Ada', '2026-01-02 03:04:05'), (2, 'Bo', NULL)",
    "ANALYZE TABLE contacts",
)
Said = subprocess.CompletedProcess[str]
Type = Callable[..., Said]


@dataclass(frozen=True)
class Stranger:
    """Somebody's servers: the URLs of their databases, and a command line of theirs in a *folder* of their own."""

    folder: Path
    shop: str
    crm: str

    def type_in(self, *words: str, **variables: str) -> Said:
        """What `fleet` says to these words."""
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config"), "COLUMNS": "118", **variables}
        return subprocess.run(  # noqa: S603  our own program
            [Path(sys.executable).with_name("fleet"), *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @property
    def secrets(self) -> Path:
        """The file of logins, where nobody names another."""
        return self.folder / "config" / "fleet" / "secrets.json"


@pytest.fixture(scope="module")
def servers(postgres: EmbeddedPostgres, mariadb: EmbeddedMariadb) -> Iterator[tuple[str, str]]:
    """The URLs of a shop on PostgreSQL and a CRM on MariaDB, on ports of this machine."""
    postgres.create_database("shop")
    mariadb.create_database("crm")
    with postgres.connect("shop") as connection:
        connection.execute(SHOP.encode())
    with mariadb.connect("crm") as connection, connection.cursor() as cursor:
        for statement in CRM:
            cursor.execute(statement)
        connection.commit()
    shop, crm = postgres.secret("shop"), mariadb.secret()
    with (
        port_of(f"{postgres.host}/.s.PGSQL.{shop['port']}") as shop_port,
        port_of(f"{mariadb.host}/mysqld.sock") as crm_port,
    ):
        yield (
            f"postgresql://{shop['username']}:{quote(shop['password'], safe='')}@localhost:{shop_port}/shop",
            f"mariadb://{crm['username']}:{quote(crm['password'], safe='')}@localhost:{crm_port}/crm",
        )
    postgres.drop_database("shop")


@pytest.fixture
def stranger(servers: tuple[str, str], tmp_path: Path) -> Stranger:
    return Stranger(tmp_path, *servers)


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


def test_nothing_is_written_to_the_source_and_no_password_to_any_file_of_ours(
    stranger: Stranger, postgres: EmbeddedPostgres
) -> None:
    assert stranger.type_in("init", stranger.shop).returncode == 0
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


def test_a_registry_of_another_account_is_tried_all_the_same(stranger: Stranger) -> None:
    stranger.type_in("init", stranger.shop)
    settings = stranger.folder / "my-registry" / "settings.yaml"
    text = settings.read_text().replace("123456789012", "210987654321")
    settings.write_text(text.replace("eu-central-1", "us-west-2"))
    said = stranger.type_in("try", "shop", "--tables", "public.customers")
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_login_that_is_refused_is_named_with_the_next_step_and_nothing_is_copied(stranger: Stranger) -> None:
    stranger.type_in("init", stranger.shop, stranger.crm)
    wrong = stranger.crm.replace(":", ":wrong", 2).replace(":wrong//", "://")
    said = stranger.type_in("try", FLEET_SECRET_LOCALHOST_MARIADB=wrong.rpartition("/")[0])
    assert said.returncode == 2
    assert "nothing was copied, for 1 of 2 databases do not answer" in said.stderr
    assert "crm: " in said.stderr
    assert "shop: " not in said.stderr
    assert not (stranger.folder / "try" / "landing").exists()


def test_a_source_that_does_not_answer_gets_an_entry_all_the_same(stranger: Stranger) -> None:
    said = stranger.type_in("init", "postgresql://reader:secret@localhost:1/shop")
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
    said = stranger.type_in(*words)
    assert said.returncode == 2, said.stdout
    assert says in said.stderr
    assert "Traceback" not in said.stderr
    assert ":x@" not in said.stderr
    assert not stranger.secrets.exists()


def test_a_file_of_logins_that_others_may_read_is_refused(stranger: Stranger) -> None:
    stranger.type_in("init", stranger.shop)
    stranger.secrets.chmod(0o644)
    said = stranger.type_in("try")
    assert said.returncode == 2
    assert "has the mode 0644, so that others may read passwords, wanted 0600. chmod 600" in said.stderr


def test_a_registry_that_is_there_is_left_alone(stranger: Stranger) -> None:
    stranger.type_in("init", stranger.shop)
    before = (stranger.folder / "my-registry" / "databases.yaml").read_text()
    said = stranger.type_in("init", stranger.crm)
    assert (said.returncode, "my-registry is there already" in said.stderr) == (2, True)
    assert (stranger.folder / "my-registry" / "databases.yaml").read_text() == before


def test_a_cloud_that_stays_runs_the_databases_of_a_registry_of_ones_own(stranger: Stranger) -> None:
    stranger.type_in("init", stranger.shop, stranger.crm)
    up = stranger.type_in("up", "--registry", "my-registry", "--port", "0", "--clock", "virtual", "--json", "--detach")
    assert up.returncode == 0, up.stderr
    found = json.loads(up.stdout)
    try:
        assert (found["fleet"], found["databases"]) == ("own", 2)
        run = stranger.type_in("run", "--registry", "my-registry", "--json", **found["environment"])
        assert run.returncode == 0, run.stdout + run.stderr
        assert stranger.type_in("reset").returncode == 0
    finally:
        assert stranger.type_in("down").returncode == 0
