"""Types and options that several commands share. A value that is empty is refused: it is an unset shell variable."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cli.account import REGISTRY
from localcloud.throttling import Rate


class Text(click.ParamType):
    """A text that is not blank."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """*value*, if something is written in it."""
        if not value.strip():
            self.fail("it is empty. Is a shell variable not set? Give a value, or leave it out.", param, ctx)
        return value


class Moment(click.ParamType):
    """A time with its offset from UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = datetime.min  # noqa: DTZ901  refused below, as any time without an offset
        if moment.tzinfo is None or not 1970 < moment.year < 9000:
            self.fail(f"{value!r} is no time with an offset, as 2026-12-01T22:00+01:00.", param, ctx)
        return moment


class RateOfDms(click.Choice[str]):
    """How many requests the local account's DMS answers: AWS's two pairs of numbers, or all."""

    def __init__(self) -> None:
        super().__init__(["200/8", "100/4", "off"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The rate; nothing for all."""
        if isinstance(value, Rate):
            return value
        chosen = super().convert(value, param, ctx)
        if chosen == "off":
            return None
        burst, per_second = map(int, chosen.split("/"))
        return Rate(burst, per_second)


dms_rate_option = click.option(
    "--dms-rate",
    type=RateOfDms(),
    default="200/8",
    show_default=True,
    help="Requests that DMS answers: so many at once, and so many a second from then on; off: all. AWS's page says "
    "200/8, an older one 100/4.",
)


class Factor(click.FloatRange):
    """A number in a range. `nan` is in none, though no comparison says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not in the range {self._describe_range()}.", param, ctx)
        return number


class Names(click.ParamType):
    """Names by comma, at least one of them."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The names in *value*, without blanks around them."""
        names = tuple(name for part in value.split(",") if (name := part.strip()))
        if not names:
            why = f"{value!r} names none. Is a shell variable not set? Name one, or leave the option out for all."
            self.fail(why, param, ctx)
        return names


class NonEmptyPath(click.Path):
    """A path. An empty one would be the folder that the command is started in."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value).strip():
            self.fail("it is empty. Is a shell variable not set? Give a path, or leave it out.", param, ctx)
        return super().convert(value, param, ctx)


mode_option = click.option(
    "--mode",
    type=click.Choice(["full", "delta"]),
    default="full",
    show_default=True,
    help="full: whole tables; delta: what has changed since the last run.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
registry_option = click.option(
    "--registry",
    type=NonEmptyPath(),
    default=REGISTRY,
    show_default=True,
    help="The folder of the registry, whose settings name the account.",
)
