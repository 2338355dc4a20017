"""The reader of `behaviours.yaml`: what it takes, and what it says of a file that it cannot take."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.behaviours import Behaviour, MalformedBehavioursError, Section, read_behaviours

HEAD = "title: DMS\nplace: localcloud/dms/\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "behaviours.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_is_read_into_a_section(tmp_path: Path) -> None:
    text = f"{HEAD}service: dms\nbehaviours:\n  - name: A\n    trust: documented\n  - name: B\n    refused: true\n"
    behaviours = (Behaviour("A", "documented"), Behaviour("B", is_refused=True))
    assert read_behaviours(written(tmp_path, text)) == Section("DMS", "localcloud/dms/", behaviours, "dms")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", "is no YAML"),
        ("- A\n", "Make it a mapping"),
        ("place: here\nbehaviours: []\n", "has no title"),
        (HEAD, "Make it a list"),
        (f"{HEAD}behaviours:\n  - trust: assumed\n", "entry 1 has no name"),
        (f"{HEAD}behaviours:\n  - name: A\n  - name: B\n    sources: C\n", "entry 2 has the unknown field sources"),
        (
            f"{HEAD}behaviours:\n  - name: A\n    trust: sure\n",
            r"\(\"A\"\): trust is 'sure'. Make it one of documented",
        ),
        (f"{HEAD}behaviours:\n  - name: A\n    trust: yes\n", "trust is True. Make it a text"),
        (f"{HEAD}behaviours:\n  - name: A\n    refused: please\n", "refused is 'please'. Make it true"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_by_place_and_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MalformedBehavioursError, match=message):
        read_behaviours(written(tmp_path, text))
