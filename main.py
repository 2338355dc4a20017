"""Writes what Terraform applies: `python main.py --output build/stack`, or by way of CDKTF's own command line."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from fleet.errors import FleetError
from onboarding.reader import read_registry


def main() -> int:
    """Synthesise; 0, or 2 with the reason where the registry is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, default=Path("registry"))
    parser.add_argument("--output", type=Path, default=Path(os.environ.get("CDKTF_OUTDIR", "build/stack")))
    arguments = parser.parse_args()
    try:
        registry = read_registry(arguments.registry, os.environ)
        # After the registry has been read: the bindings take eight seconds to load.
        from orchestration.stack import synthesise

        # Stacks of instances that are gone would otherwise stay behind. Terraform's own files stand in them, too.
        shutil.rmtree(arguments.output / "stacks", ignore_errors=True)
        names = synthesise(registry, arguments.output.resolve())
    except FleetError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"{arguments.output}/stacks/{name}\n" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
