"""Who answers for a database that is red, and what to know of it, is where a person on call looks."""

from __future__ import annotations

from fleet.failures import Failure
from night_reports import make_outcome, make_report
from page_reader import Page
from report import compose_message, render

LOST = Failure("connection", "SourceLost", "gone")
NIGHT = make_report(
    [make_outcome("good"), make_outcome("shop", failure=LOST), make_outcome("till", failure=LOST)],
    owners={"good": "team-calm", "shop": "team-<shop>"},
    notes={"good": "closed on 24 December"},
)


def test_the_message_names_the_owners_of_red_databases_alone_and_what_has_none() -> None:
    lines = compose_message(NIGHT, "s3://page")[1].splitlines()
    assert lines[-3:-1] == ["Red of team-<shop>: shop", "Red, without an owner in the registry: till"]


def test_the_page_names_the_owner_beside_what_is_red_even_without_its_script() -> None:
    failures = render(NIGHT).split('id="failures"')[1].split("</section>")[0]
    assert "owner of the database: <bdi>team-&lt;shop&gt;</bdi>" in failures
    assert "team-calm" not in failures


def test_a_database_opened_on_the_page_shows_its_owner_and_its_notes() -> None:
    data = Page(render(NIGHT)).data()["databases"]
    assert [one[-2:] for one in data] == [["team-calm", "closed on 24 December"], ["team-<shop>", ""], ["", ""]]
