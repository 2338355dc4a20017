"""`fleet errors`: what a person reads of a failure's name."""

from __future__ import annotations

import json

import pytest

from cli.main import main
from fleet.failure_names import NAMES


def type_in(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["errors", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_all_names_are_listed_with_owner_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = type_in(capsys)
    assert code == 0
    assert all(name in out for name in NAMES)
    assert "source team" in out


@pytest.mark.parametrize("name", ["DatabaseNotThere", "databasenotthere"])
def test_one_name_says_what_to_do_and_who_owns_it(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = type_in(capsys, name)
    assert code == 0
    assert out.startswith("DatabaseNotThere: The server has no database of that name")
    assert "What to do: Correct `name_at_source`" in out
    assert "Owner: fleet team." in out


def test_an_unknown_name_is_refused_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = type_in(capsys, "TableNotLoad")
    assert (code, out) == (2, "")
    assert "Did you mean `TableNotLoaded`?" in err


def test_json_is_a_list_of_all_or_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(type_in(capsys, "--json")[1])
    assert {one["name"] for one in listed} == NAMES.keys()
    one = json.loads(type_in(capsys, "RunStopped", "--json")[1])
    assert one["classes"][0]["owner"] == "on call"
    assert one.keys() == {"name", "means", "remedy", "place", "classes"}


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert "fleet errors TableNotLoaded" in type_in(capsys, "--help")[1]
