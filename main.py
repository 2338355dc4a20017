"""Writes what Terraform applies: `python main.py --output build/stack`, or by way of CDKTF's own command line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from fleet.errors import FleetError
from onboarding.reader import read_registry
from orchestration.package import build_package


def main() -> int:
    """Synthesise; 0, or 2 with the reason where registry, quotas or package are refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, default=Path("registry"))
    parser.add_argument("--output", type=Path, default=Path(os.environ.get("CDKTF_OUTDIR", "build/stack")))
    parser.add_argument("--package", type=Path, help="the zip file of all functions; else it is built")
    arguments = parser.parse_args()
    try:
        registry = read_registry(arguments.registry, os.environ)
        # After the registry has been read: the bindings take eight seconds to load.
        from orchestration.stack import synthesise

        wanted = registry.settings.stack.functions
        package = arguments.package or build_package(
            Path("build/package"), architecture=wanted.architecture, python=wanted.python
        )
        names = synthesise(registry, arguments.output.resolve(), package)
    except FleetError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"{arguments.output}/stacks/{name}\n" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
