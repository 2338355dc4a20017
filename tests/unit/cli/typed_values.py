"""What a person may type for every option and argument of `fleet`: missing, empty, malformed and unknown values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli.commands import cli
from cli.options import Factor, Moment, Names, NonEmptyPath, RateOfDms, Text

# No bare text among them: an option of type `click.STRING` takes an empty value, so `Text` is to be used.
VALUES: dict[type[click.ParamType], Sequence[str]] = {
    Text: ("", " ", "no such!", "never-was", "-"),
    Names: ("", " ", ",", " , ", "no such!", "never-was", "never-was,"),
    NonEmptyPath: ("", " ", "afile", "afile/below", "/proc/nowhere/at-all"),
    Factor: ("", " ", "fast", "-1", "0", "nan", "inf", "1e400"),
    Moment: (
        "",
        " ",
        "noon",
        "2026-12-01T22:00",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-14:00",
        "2026-12-01T22:00Z",
    ),
    click.IntRange: ("", " ", "many", "-1", "1.5", "9" * 30),
    click.Choice: ("", " ", "nonsense", "--json"),
    RateOfDms: ("", " ", "nonsense", "8", "200/", "200/8/1", "-1/8", "0/0", "100/4", "off"),
}
"""By type. A type that is missing here fails the test: give the new one its values."""

_HIDDEN = frozenset({"--ready-fd"})
"""Between two processes of ours; nobody types it."""
BASE: dict[str, Sequence[str]] = {
    "run": ("--databases", "never-was", "--no-wait"),
    "rerun": ("--no-wait",),
    "report": ("--no-open",),
    # Refused before they begin, whatever else is right: they would serve, or run a night.
    "demo": ("--folder", "afile"),
    "up": ("--folder", "afile"),
    "destroy": ("--yes",),
    "deploy": ("--plan-only",),
    "plan": ("--registry", str(Path(__file__).resolve().parents[3] / "registry")),
}
"""What is typed beside the value that is tried."""
ARGUMENTS: dict[str, Sequence[str]] = {
    "rerun": ("done",),
    "stop": ("done",),
    "report": ("done",),
    "prerequisites": ("chinook",),
}
MORE: dict[str, Sequence[str]] = {
    "--what-if": ("databases", "databases=", "databases=60", "databases=+0", "databases=+1,", "=6", "window=5"),
}
"""What is tried of one option beside the values of its type."""
_NARROWING = frozenset({"--databases", "--tags"})


@dataclass(frozen=True)
class Typed:
    """A command line. *must_be_refused*: a value is missing or empty, so that nothing but exit code 2 is right."""

    words: tuple[str, ...]
    must_be_refused: bool = False


def commands() -> dict[str, click.Command]:
    """Every command by the words that name it."""
    return dict(_walk((), cli))


def _walk(words: tuple[str, ...], command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _walk((*words, name), inner)
    else:
        yield " ".join(words), command


def lines(name: str) -> Iterator[Typed]:
    """Every command line to try for the command *name*: as it is meant, and each option with each value."""
    command = commands()[name]
    words, base, arguments = name.split(), BASE.get(name, ()), ARGUMENTS.get(name, ())
    yield Typed((*words, *base, *arguments))
    yield Typed((*words, *base, *arguments, "--nonsense"), must_be_refused=True)
    yield Typed((*words, *base, *arguments, "one", "two", "three"), must_be_refused=True)
    for one in command.params:
        if isinstance(one, click.Argument):
            if one.required:
                yield Typed((*words, *base), must_be_refused=True)
            for value in _values(one):
                yield Typed((*words, *base, "--", value), must_be_refused=not value.strip())
        elif not _HIDDEN & set(one.opts):
            yield from _lines_of_option(words, base, arguments, one)


def _lines_of_option(
    words: Sequence[str], base: Sequence[str], arguments: Sequence[str], one: click.Parameter
) -> Iterator[Typed]:
    for option in (*one.opts, *one.secondary_opts):
        if isinstance(one, click.Option) and one.is_flag:
            yield Typed((*words, *base, f"{option}=x", *arguments), must_be_refused=True)
            if option != "--detach":  # it starts a process of its own, which a test of its own does
                yield Typed((*words, *base, option, *arguments))
            continue
        beside = _without(option, base)
        yield Typed((*words, *beside, *arguments, option), must_be_refused=True)
        for value in _values(one):
            yield Typed((*words, *beside, f"{option}={value}", *arguments), must_be_refused=not value.strip())


def _without(option: str, base: Sequence[str]) -> Sequence[str]:
    """*base* without what would hide that *option* is wrong."""
    hides = _NARROWING if option in _NARROWING else {option}
    at = next((place for place, word in enumerate(base) if word in hides), None)
    return base if at is None else (*base[:at], *base[at + 2 :])


def _values(one: click.Parameter) -> Sequence[str]:
    kind = type(one.type)
    assert kind in VALUES, f"{one.name} is of type {kind.__name__}: no values are known for it (see VALUES)"
    return (*VALUES[kind], *(value for option in one.opts for value in MORE.get(option, ())))
