"""What the two houses and the documents must be, shown: `make prove-house`. Figures last; one that falls short fails.

In a clean clone of HEAD: the layers; citations, class names and plain words; `localcloud/` alone, in an empty virtual
environment; a mistake in the product's tables of types and quotas, which a run on the local cloud must not survive;
and a run of 250 databases of 48 tables.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, print_figures
from proofs.mutants import Mutant, mutated

MOST_SECONDS = 25 * 60
RUN_SECONDS = 8 * 60
_BIN = Path(sys.executable).parent
# A mistake that the stand-ins could not show if they took the product's tables. One in the kind of a type would be put
# right by the file (docs/decisions/0028-types-from-the-file.md), which says nothing of lengths.
_TYPE = Mutant(
    "a uuid has 20 characters",
    "fleet/tables/source_types/postgresql.py",
    '"uuid": DmsType("STRING", 36)',
    '"uuid": DmsType("STRING", 20)',
    (),
)
_QUOTA = Mutant(
    "a task loads 60 tables at once",
    "fleet/quotas.py",
    "DMS_FULL_LOAD_SUB_TASKS = Quota(49,",
    "DMS_FULL_LOAD_SUB_TASKS = Quota(60,",
    (),
)
_SETTING = Mutant("the registry wants 60", "registry/settings.yaml", "tables_at_once: 8", "tables_at_once: 60", ())


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=48)
    sizes = parser.parse_args()
    began = time.monotonic()
    # Not below build/: the account that PostgreSQL runs under when we are root must reach it.
    with TemporaryDirectory(prefix="prove-house-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        checkout = folder / "checkout"
        subprocess.run(["git", "clone", "--quiet", ".", str(checkout)], check=True)
        figures = [*_layers(checkout), *_documents(checkout), *_alone(checkout, folder), *_mistakes(checkout, folder)]
    figures += _large(sizes.databases, sizes.tables)
    took = time.monotonic() - began
    figures.append((f"seconds in all, of {MOST_SECONDS:,}", f"{took:.0f}", took <= MOST_SECONDS))
    return print_figures(figures)


def _run(command: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    print(f"--- {' '.join(command)}"[:120], flush=True)
    known = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False)


def _layers(checkout: Path) -> Iterator[Figure]:
    done = _run([str(_BIN / "lint-imports"), "--no-cache"], checkout)
    kept = re.search(r"Contracts: (\d+ kept, \d+ broken)", done.stdout)
    yield "import contracts", kept[1] if kept else done.stdout[-300:], done.returncode == 0
    text = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    yield "exceptions from them", str(text.count("ignore_imports")), "ignore_imports" not in text


def _documents(checkout: Path) -> Iterator[Figure]:
    for what, test in (
        ("citations that lead nowhere: none", "tests/docs/test_citations.py"),
        ("class names that are taken twice in a house: none", "tests/docs/test_class_names.py"),
        ("words that are not plain: none", "tests/docs/test_words.py"),
        ("differences between the two houses' tables, each with its reason", "tests/houses"),
    ):
        done = _run([str(_BIN / "pytest"), "-q", "-p", "no:cacheprovider", test], checkout)
        yield what, " ".join(done.stdout.strip().splitlines()[-1:]), done.returncode == 0


def _alone(checkout: Path, folder: Path) -> Iterator[Figure]:
    """The README's example in an environment that has `requirements/localcloud.txt` and a copy of the folder."""
    place = folder / "alone"
    shutil.copytree(checkout / "localcloud", place / "localcloud")
    (example,) = re.findall(r"```python\n(.*?)```", (place / "localcloud/README.md").read_text("utf-8"), re.DOTALL)
    (place / "example.py").write_text(example, encoding="utf-8")
    uv, python = str(_BIN / "uv"), str(place / ".venv/bin/python")
    for command in (
        [uv, "venv", "--quiet", str(place / ".venv")],
        [uv, "pip", "sync", "--quiet", "--python", python, str(checkout / "requirements/localcloud.txt")],
        [python, "example.py"],
    ):
        done = _run(command, place, PYTHONPATH="")
        if done.returncode:
            break
    said = (done.stdout + done.stderr[-300:]).strip()
    yield "localcloud alone moves the example's rows to Parquet: 1000", said, said == "1000"


def _mistakes(checkout: Path, folder: Path) -> Iterator[Figure]:
    demo = [sys.executable, "-c", "from cli.main import main; main()", "demo", "--folder", str(folder / "demo")]
    sound = _run(demo, checkout)
    yield "a run without a mistake: exit 0", str(sound.returncode), sound.returncode == 0
    with mutated(checkout, _TYPE):
        done = _run(demo, checkout)
    yield f"a run must fail where {_TYPE.name}: exit 1", f"{done.returncode}", done.returncode == 1
    with mutated(checkout, _SETTING):
        refused = _run(demo, checkout)
        yield "a registry beyond a quota is refused: exit 2", f"{refused.returncode}", refused.returncode == 2
        with mutated(checkout, _QUOTA):
            done = _run(demo, checkout)
        said = (done.stdout + done.stderr).strip().splitlines()[-1:]
        yield f"a run must fail where {_QUOTA.name}", f"exit {done.returncode}: {said}", done.returncode in {1, 2, 3}


def _large(databases: int, tables: int) -> Iterator[Figure]:
    command = [sys.executable, "-m", "bench.large_night", "--databases", str(databases), "--tables", str(tables)]
    with TemporaryDirectory(prefix="prove-house-large-") as folder:
        Path(folder).chmod(0o755)
        done = _run([*command, "--folder", folder, "--limit-seconds", str(RUN_SECONDS)], Path.cwd())
    said = [line for line in done.stdout.splitlines() if line.strip()][-1:]
    yield f"a run of {databases} x {tables} in at most {RUN_SECONDS} s", " ".join(said), done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
