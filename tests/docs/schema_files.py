"""registry/schema as `onboarding/schemas.py` makes it. Run it to rewrite it: `python tests/docs/schema_files.py`."""

from __future__ import annotations

import json
from pathlib import Path

from onboarding.reader import DATABASES_FILE, FAMILIES_FILE, SERVERS_FILE, SETTINGS_FILE
from onboarding.schemas import FOLDER, schema_name, schemas

REGISTRY = Path(__file__).parents[2] / "registry"


def files() -> dict[Path, str]:
    """Each file and what is in it."""
    names = (DATABASES_FILE, FAMILIES_FILE, SERVERS_FILE, SETTINGS_FILE)
    texts = {name: (REGISTRY / name).read_text(encoding="utf-8") for name in names}
    return {
        REGISTRY / FOLDER / schema_name(file): json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for file, schema in schemas(texts).items()
    }


if __name__ == "__main__":
    (REGISTRY / FOLDER).mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
