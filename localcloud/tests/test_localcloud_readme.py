"""The README's example, run in a copy of this house from which nothing else of the project is in reach."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HOUSE = Path(__file__).parents[1]
# The project itself is installed beside the libraries; its packages are made unfindable.
_ALONE = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"fleet", "report", "onboarding", "orchestration", "lambdas", "local", "cli"}:
            raise ImportError(f"localcloud wants {name}, which is not of its house")
sys.meta_path.insert(0, Refused())
sys.path.insert(0, ".")
"""


def test_the_example_moves_a_table_to_parquet_with_nothing_of_the_product_in_reach() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (HOUSE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    # Not pytest's own folder: that is closed to the account that PostgreSQL runs under when we are root.
    with TemporaryDirectory(prefix="localcloud-alone-") as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(HOUSE, Path(folder) / "localcloud", ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / "example.py").write_text(_ALONE + example, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "example.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
        )
        assert (done.stdout, done.returncode) == ("1000\n", 0), done.stderr[-3000:]
