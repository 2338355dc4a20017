"""The package of the functions. It is built twice for the module: for Lambda and for this host."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from fleet.quotas import LAMBDA_UPLOAD_BYTES
from orchestration.functions import MODULES
from orchestration.package import HOST, LOCK, SERVICES, PackageNotBuiltError, build_package, host_python

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("lambda"), architecture="arm64", python="3.13")


@pytest.fixture(scope="module")
def for_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("host"), architecture=HOST, python=host_python())


def content(package: Path) -> dict[str, int]:
    """The checksum of each file, by its place."""
    with zipfile.ZipFile(package) as archive:
        return {one.filename: one.CRC for one in archive.infolist()}


def native_wheels(package: Path) -> set[str]:
    """The folders and files that wheels for one platform brought: those whose tag is not "any"."""
    found: set[str] = set()
    with zipfile.ZipFile(package) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/WHEEL") and "-none-any" not in archive.read(name).decode():
                found |= {name.partition("-")[0], name.partition("/")[0]}
    return found


def test_the_same_sources_give_the_same_bytes(for_host: Path, tmp_path: Path) -> None:
    again = build_package(tmp_path, architecture=HOST, python=host_python())
    assert again.read_bytes() == for_host.read_bytes()


def test_the_package_for_this_host_differs_from_lambdas_in_native_wheels_alone(
    for_lambda: Path, for_host: Path
) -> None:
    ours, theirs = content(for_host), content(for_lambda)
    different = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    native = native_wheels(for_lambda)
    assert different
    assert {
        name for name in different if PurePosixPath(name).parts[0] not in native and "_cffi_backend" not in name
    } == set()
    assert {"pydantic_core", "cryptography", "cffi"} <= native


def test_a_package_for_lambda_holds_no_machine_code_of_this_host(for_lambda: Path) -> None:
    libraries = [name for name in content(for_lambda) if ".so" in PurePosixPath(name).suffixes]
    assert libraries
    assert [name for name in libraries if "x86_64" in name] == []
    with zipfile.ZipFile(for_lambda) as archive:
        # ELF's e_machine: 0xB7 is AArch64.
        assert {archive.read(name)[18] for name in libraries} == {0xB7}


def test_nothing_of_this_machine_is_in_the_package(for_host: Path) -> None:
    with zipfile.ZipFile(for_host) as archive:
        names = archive.namelist()
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert {name.partition("/")[0] for name in names} & {
        "local",
        "cli",
        "orchestration",
        "cdktf",
        "bin",
        "moto",
    } == set()
    assert [name for name in names if name.endswith((".pyc", "/RECORD", "/direct_url.json"))] == []


def test_every_handler_is_imported_from_the_package_and_nothing_else(for_host: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(for_host) as archive:
        archive.extractall(tmp_path)
    code = "import sys, importlib; sys.path.insert(0, '.')\n" + "\n".join(
        f"assert callable(importlib.import_module({module!r}).handler)" for module in sorted(MODULES.values())
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_fits_into_lambdas_request(for_lambda: Path) -> None:
    assert for_lambda.stat().st_size < LAMBDA_UPLOAD_BYTES.value / 2


def test_every_service_that_a_function_calls_is_described_in_the_package(for_lambda: Path) -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "lambdas").rglob("*.py"))
    called = set(re.findall(r"client\(\"([a-z0-9-]+)\"", sources))
    assert called
    assert called <= SERVICES
    described = {name.split("/")[2] for name in content(for_lambda) if re.match(r"botocore/data/[^/]+/.+/", name)}
    assert described == SERVICES


def test_the_lock_of_the_package_pins_what_pyproject_asks_for_as_the_lock_of_all_does() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    pins = dict(re.findall(r"^([A-Za-z0-9-]+)==([^ ]+)", (ROOT / LOCK).read_text(encoding="utf-8"), re.MULTILINE))
    names = {re.split(r"[>=\[]", one)[0].lower() for one in wanted}
    assert names <= pins.keys()
    everything = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    of_all = dict(re.findall(r"^([A-Za-z0-9-]+)==([^ ]+)", everything, re.MULTILINE))
    assert {name: of_all.get(name) for name in pins} == pins


def test_a_package_for_this_host_in_another_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageNotBuiltError, match=r"not 2\.7\..*python="):
        build_package(tmp_path, architecture=HOST, python="2.7")
