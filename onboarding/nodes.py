"""YAML as nodes, because a node knows its line and a loaded value does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fleet.errors import MalformedSettingError, RegistryError
from onboarding.findings import Finding

# libyaml where the wheel has it: a thousand databases in a tenth of a second instead of two.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MERGE_TAG = f"{_TAG}merge"
_LONGEST_SHOWN = 60


@dataclass
class RegistryFile:
    """One file of the registry while it is read, and what was found wrong in it."""

    path: str
    findings: list[Finding] = field(default_factory=list)

    def note(self, place: Node | int, text: str, kind: type[RegistryError] = MalformedSettingError) -> None:
        """Keep one finding at *place*: a node or a line."""
        self.findings.append(Finding(self.path, place if isinstance(place, int) else line_of(place), text, kind))


def compose(path: Path, file: RegistryFile) -> Node | None:
    """The root node of the file at *path*; None if it cannot be read or holds nothing, with the finding noted."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=_LOADER)
    except FileNotFoundError:
        file.note(0, f"the file does not exist. Create {path.name}: the registry is read from that folder.")
    except OSError as error:
        file.note(0, f"the file cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        file.note(line, f"the byte {error.object[error.start]:#04x} is not UTF-8. Save the file as UTF-8.")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        file.note(mark.line + 1 if mark else 1, f"this is not YAML: {problem}. Mend the indentation or the quotes.")
    except yaml.YAMLError as error:
        file.note(1, f"this is not YAML: {' '.join(str(error).split())}.")
    else:
        return None if root is None or is_null(root) else root
    return None


def load_plain(text: str) -> object:
    """What *text*, of which the registry is read, says in plain values.

    Raises:
        yaml.YAMLError: It is not YAML.
    """
    return yaml.load(text, Loader=_LOADER)  # noqa: S506  safe: one of the two safe loaders


def line_of(node: Node) -> int:
    """The line on which *node* begins, counted from 1."""
    return node.start_mark.line + 1


def kind_of(node: Node) -> str:
    """What a scalar is by YAML's rules: str, int, float, bool, null, timestamp; or seq, map.

    >>> [kind_of(node) for node in yaml.compose("[1, '1', no, 2026-11-21, ~]").value]
    ['int', 'str', 'bool', 'timestamp', 'null']
    """
    return node.tag.removeprefix(_TAG)


def is_null(node: Node) -> bool:
    """Whether nothing was written, or `null`."""
    return isinstance(node, ScalarNode) and kind_of(node) == "null"


def shown(node: Node) -> str:
    """*node* as an error shows it: short, and never its inside if it has one.

    >>> [shown(node) for node in yaml.compose("[12, yes, '', [1, 2], {a: 1}, ]").value]
    ['12', 'yes', "''", 'a list of 2', 'a mapping']
    """
    if isinstance(node, SequenceNode):
        return f"a list of {len(node.value)}"
    if isinstance(node, MappingNode):
        return "a mapping"
    if is_null(node):
        return "empty"
    text: str = node.value if len(node.value) <= _LONGEST_SHOWN else node.value[:_LONGEST_SHOWN] + "..."
    return repr(text) if kind_of(node) == "str" else text


def members(node: MappingNode, file: RegistryFile) -> dict[str, tuple[Node, Node]]:
    """Key and value nodes of *node* by key, with `<<` taken in: what is here wins over what is merged."""
    found: dict[str, tuple[Node, Node]] = {}
    merged: list[Node] = []
    for key, value in node.value:
        if key.tag == _MERGE_TAG:
            merged.append(value)
        elif not isinstance(key, ScalarNode):
            file.note(key, f"a key is {shown(key)}, wanted a word.")
        elif key.value in found:
            first = line_of(found[key.value][0])
            file.note(key, f"the key `{key.value}` is here for the second time, first on line {first}. Keep one.")
        else:
            found[key.value] = (key, value)
    for value in merged:
        for key, inherited in _merged(value, file, {id(node)}):
            found.setdefault(key.value, (key, inherited))
    return found


def _merged(value: Node, file: RegistryFile, above: set[int]) -> Iterator[tuple[ScalarNode, Node]]:
    """The pairs that `<<: *value` brings. *above*: the nodes being merged, as an anchor may lie inside itself."""
    if id(value) in above:
        file.note(value, "`<<` takes what it is in, wanted the alias of another mapping.")
    elif isinstance(value, SequenceNode):
        for one in value.value:
            yield from _merged(one, file, above | {id(value)})
    elif isinstance(value, MappingNode):
        own = [(key, inner) for key, inner in value.value if key.tag != _MERGE_TAG and isinstance(key, ScalarNode)]
        yield from own
        for key, inner in value.value:
            if key.tag == _MERGE_TAG:
                yield from _merged(inner, file, above | {id(value)})
    else:
        file.note(value, f"`<<` takes {shown(value)}, wanted the alias of a mapping, like `*defaults`.")
