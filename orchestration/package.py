"""The one package of all functions: our code and the locked libraries, the same bytes for the same sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleet.errors import FleetError, QuotaExceededError
from fleet.quotas import LAMBDA_UNPACKED_BYTES, LAMBDA_UPLOAD_BYTES, Quota
from onboarding.reader import read_registry

HOST = "host"
"""The architecture of a package that runs on this machine, in the Python that builds it."""

LOCK = Path("requirements/lambda.txt")
_SOURCES = Path(__file__).parents[1]
_OURS = ("fleet", "lambdas", "report")
# As Lambda runs them: 3.11 on Amazon Linux 2 (glibc 2.26), later ones on Amazon Linux 2023. Wheels for manylinux2014
# run on both. Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html (documented)
_PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
# What an installer notes about the installing: paths, times, its own name. No code reads it at run time.
_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
# Of AWS's services the SDK describes some four hundred: three quarters of the package, were they left in it.
SERVICES = frozenset(
    {"dms", "dynamodb", "kms", "lambda", "logs", "s3", "secretsmanager", "sns", "stepfunctions", "sts"}
)
_DESCRIPTIONS = ["botocore", "data"]
_FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


class PackageNotBuiltError(FleetError):
    """The libraries of the functions could not be installed."""


def build_package(folder: Path, *, architecture: str, python: str) -> Path:
    """The package in *folder*, made anew: `functions-<architecture>-<python>.zip`.

    *architecture*: Lambda's name ("arm64", "x86_64"), or `HOST`, for which *python* has to be that of this process.
    The same sources give the same bytes on the same machine; zlib's versions may pack differently.

    Raises:
        PackageNotBuiltError: No installer, no wheel for that platform, or a wheel that is not the locked one.
        QuotaExceededError: Lambda would refuse its size.
    """
    with tempfile.TemporaryDirectory(prefix="fleet-package-") as libraries:
        _install(Path(libraries), architecture, python)
        content = dict(sorted([*_libraries(Path(libraries)), *_our_code()]))
        _refuse_oversize(sum(file.stat().st_size for file in content.values()), LAMBDA_UNPACKED_BYTES)
        folder.mkdir(parents=True, exist_ok=True)
        package = folder / f"functions-{architecture}-{python}.zip"
        _write(package, content)
    _refuse_oversize(package.stat().st_size, LAMBDA_UPLOAD_BYTES)
    return package


def host_python() -> str:
    """The Python of this process, as Lambda names versions."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _install(libraries: Path, architecture: str, python: str) -> None:
    program = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        raise PackageNotBuiltError("No `uv` beside this Python or on the PATH.", remedy="`make setup` installs it.")
    if architecture == HOST:
        if python != host_python():
            raise PackageNotBuiltError(
                f"A package for this host runs in its Python, which is {host_python()}, not {python}.",
                remedy=f"Ask for python={host_python()!r}.",
            )
        platform = ["--python", sys.executable]
    else:
        platform = ["--python-platform", _PLATFORMS[architecture], "--python-version", python]
    done = subprocess.run(  # noqa: S603  the uv that was found
        [
            *(program, "pip", "install", "--quiet", "--no-config", "--target", str(libraries), *platform),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(_SOURCES / LOCK)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackageNotBuiltError(
            f"uv could not install {LOCK} for {architecture}, Python {python}: {done.stderr.strip()[-2000:]}",
            remedy="`make lock` pins what has wheels for it, or choose another Python or architecture (settings.yaml).",
        )


def _libraries(installed: Path) -> Iterator[tuple[str, Path]]:
    """What was installed, by its place in the package; without commands, the installer's notes, and the descriptions
    of services that no function calls."""
    for name, file in _files(installed):
        parts: list[str] = name.split("/")
        is_note = parts[0].endswith(".dist-info") and parts[-1] in _NOTES
        is_of_others = parts[:2] == _DESCRIPTIONS and len(parts) > 3 and parts[2] not in SERVICES
        if parts[0] != "bin" and not is_note and not is_of_others:
            yield name, file


def _our_code() -> Iterator[tuple[str, Path]]:
    for package in _OURS:
        for name, file in _files(_SOURCES / package):
            yield f"{package}/{name}", file


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files below *folder*: nothing compiled, nothing hidden."""
    for file in folder.rglob("*"):
        path = file.relative_to(folder)
        is_left_out = any(part == "__pycache__" or part.startswith(".") for part in path.parts)
        if file.is_file() and not is_left_out and file.suffix != ".pyc":
            yield path.as_posix(), file


def _write(package: Path, content: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in content.items():
            entry = zipfile.ZipInfo(name, _FIRST_DAY_OF_ZIP)
            entry.create_system = 3  # Unix, whichever this is: else the mode below is not read
            entry.external_attr = 0o100644 << 16  # Lambda's account only reads
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def _refuse_oversize(found: int, quota: Quota) -> None:
    if found > quota.value:
        raise QuotaExceededError(
            f"the package has {found:,} bytes; Lambda takes at most {quota.value:,} {quota.what}.",
            remedy="Take a library out of `dependencies` in pyproject.toml, and `make lock`.",
        )


def main() -> int:
    """Build what `registry/settings.yaml` asks for into `build/package`, where main.py looks for it."""
    try:
        wanted = read_registry(Path("registry"), os.environ).settings.stack.functions
        package = build_package(Path("build/package"), architecture=wanted.architecture, python=wanted.python)
    except FleetError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{package}: {package.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
