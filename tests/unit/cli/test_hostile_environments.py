"""The command `fleet` as a process whose environment, folder, terminal or output is not as one would wish."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.detaching import Parent
from forks import ROOT, said_by_forks

REGISTRY = str(ROOT / "registry")
SIGNED_IN = {
    "PATH": os.environ["PATH"],
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nobody",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
STATUS = ["status", "--registry", REGISTRY]
DEPLOY = ["deploy", "--plan-only", "--registry", REGISTRY]
VERIFY = ["verify", "aws"]

HOSTILE: dict[str, tuple[list[str], dict[str, str], str]] = {
    "nobody-listens": (STATUS, {}, "AWS cannot be reached"),
    "endpoint-is-no-url": (STATUS, {"AWS_ENDPOINT_URL": "nonsense"}, "boto3 cannot use its settings"),
    "endpoint-is-unknown-host": (STATUS, {"AWS_ENDPOINT_URL": "http://fleet.invalid"}, "AWS cannot be reached"),
    "endpoint-of-one-service": (STATUS, {"AWS_ENDPOINT_URL_SFN": "http://[half"}, ""),
    "no-such-profile": (STATUS, {"AWS_PROFILE": "nobody"}, "Sign in to AWS"),
    "attempts-are-no-number": (STATUS, {"AWS_MAX_ATTEMPTS": "many"}, "Mend the AWS_"),
    "attempts-are-none": (STATUS, {"AWS_MAX_ATTEMPTS": "-3"}, "Mend the AWS_"),
    "retry-mode": (STATUS, {"AWS_RETRY_MODE": "eagerly"}, "Mend the AWS_"),
    "defaults-mode": (STATUS, {"AWS_DEFAULTS_MODE": "nonsense"}, ""),
    "fips": (STATUS, {"AWS_USE_FIPS_ENDPOINT": "maybe", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, ""),
    "config-is-a-folder": (STATUS, {"AWS_CONFIG_FILE": "/"}, ""),
    "config-is-no-config": (STATUS, {"AWS_CONFIG_FILE": __file__}, "Mend the AWS_"),
    "config-is-no-text": (STATUS, {"AWS_CONFIG_FILE": sys.executable}, ""),
    "certificates-are-nowhere": (
        STATUS,
        {"AWS_CA_BUNDLE": "/nowhere.pem", "AWS_ENDPOINT_URL": "https://127.0.0.1:1"},
        "",
    ),
    "proxy-is-no-url": (STATUS, {"HTTP_PROXY": "::nonsense::", "http_proxy": "::nonsense::"}, ""),
    "nobody-is-signed-in": (STATUS, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Sign in to AWS"),
    "half-signed-in": (STATUS, {"AWS_SECRET_ACCESS_KEY": ""}, "Sign in to AWS"),
    "no-home": (STATUS, {"HOME": "/nonexistent"}, "AWS cannot be reached"),
    "an-empty-flag": (STATUS, {"FLEET_ONBOARD_NYC_FLIGHTS": ""}, "FLEET_ONBOARD_NYC_FLIGHTS: is ''"),
    "an-unknown-flag": (STATUS, {"FLEET_ONBOARD_NYC_FLITES": "true"}, "Did you mean `FLEET_ONBOARD_NYC_FLIGHTS`?"),
    "an-empty-flag-for-a-demo": (["demo", "--folder", "demo"], {"FLEET_ONBOARD_NYC_FLIGHTS": ""}, "is ''"),
    "no-registry-here": (["status"], {}, "there is no registry in "),
    "no-registry-for-a-run": (["run"], {}, "or name the registry's folder with --registry."),
    "no-registry-to-deploy": (["deploy"], {}, "there is no registry in "),
    "no-registry-for-prerequisites": (["prerequisites", "chinook"], {}, "there is no registry in "),
    "a-registry-that-is-empty": (["status", "--registry", "."], {}, "settings.yaml: the file does not exist"),
    "a-registry-that-is-a-file": (["status", "--registry", __file__], {}, "there is no registry in "),
    "deploy-to-nobody": (DEPLOY, {}, "AWS cannot be reached"),
    "verify-without-a-region": (VERIFY, {}, "Set AWS_DEFAULT_REGION"),
    "verify-nobody": (VERIFY, {"AWS_DEFAULT_REGION": "eu-central-1"}, "AWS cannot be reached"),
    "verify-in-no-region": (VERIFY, {"AWS_DEFAULT_REGION": "here or there"}, ""),
    "verify-at-no-url": (VERIFY, {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "x"}, "boto3 cannot use"),
    "up-on-no-folder": (["up", "--folder", "/proc/nowhere"], {}, "/proc"),
    "down-on-no-folder": (["down", "--folder", "/proc/nowhere"], {}, "No local cloud is up"),
    "reset-on-no-folder": (["reset"], {}, "No local cloud is up"),
    "demo-on-no-folder": (["demo", "--folder", "/proc/nowhere"], {}, "/proc"),
    "demo-breaks-what-is-not-there": (["demo", "--break", "nyc=lost-source"], {}, "no database 'nyc' to break"),
}
OUTPUTS: dict[str, tuple[list[str], str, int]] = {
    f"{' '.join(words[:2])} {output}": (words, output, code)
    for words in (
        ["faults"],
        ["faults", "--json"],
        ["--help"],
        ["verify", "aws", "--list"],
        ["prerequisites", "--help"],
    )
    for output, code in (("closed", 0), ("unread", 1), ("full", 2))
}
TERMINALS: dict[str, dict[str, str]] = {
    "narrow": {"COLUMNS": "20", "LINES": "2"},
    "no-number": {"COLUMNS": "wide"},
    "dumb": {"TERM": "dumb", "NO_COLOR": "1"},
    "unknown": {"TERM": "nonsense", "FORCE_COLOR": "1", "LC_ALL": "xx_XX.nonsense", "LANGUAGE": "nonsense"},
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each case said, by its name."""
    folder = tmp_path_factory.mktemp("elsewhere")
    cases: dict[str, dict[str, Any]] = {}
    for name, (words, environment, _) in HOSTILE.items():
        document = {key: value for key, value in (SIGNED_IN | environment).items() if value or key.startswith("FLEET")}
        cases[name] = {"words": words, "environment": document, "folder": str(folder)}
    for name, (words, output, _) in OUTPUTS.items():
        cases[name] = {"words": words, "environment": SIGNED_IN, "folder": str(folder), "output": output}
    for name, environment in TERMINALS.items():
        cases[name] = {"words": ["faults"], "environment": SIGNED_IN | environment, "folder": str(folder)}
    return said_by_forks(cases)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_person_can_mend_is_one_sentence_and_exit_code_2(said: dict[str, dict[str, Any]], name: str) -> None:
    one = said[name]
    assert (one["code"], "Traceback" in one["err"], one["err"].count("Error: ")) == (2, False, 1), one
    assert HOSTILE[name][2] in one["err"], one["err"]


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_takes_nothing_ends_without_a_traceback(said: dict[str, dict[str, Any]], name: str) -> None:
    one = said[name]
    assert one["code"] == OUTPUTS[name][2], one
    assert "Traceback" not in one["err"]
    assert "Exception ignored" not in one["err"]


@pytest.mark.parametrize("name", TERMINALS)
def test_no_terminal_and_no_locale_keeps_a_list_from_being_shown(said: dict[str, dict[str, Any]], name: str) -> None:
    assert (said[name]["code"], said[name]["err"], "killed-handler" in said[name]["out"]) == (0, "", True)


_INTERRUPTED = """
import os, signal, sys
class Keyboard:
    def find_spec(self, name, path=None, target=None):
        if name == "cli.commands":
            os.kill(os.getpid(), signal.SIGINT)
        if name == "boto3":
            raise SystemExit("it was not interrupted where it begins to load")
sys.meta_path.insert(0, Keyboard())
from cli.main import main
main(["status"])
"""


def test_ctrl_c_while_the_command_loads_is_one_sentence() -> None:
    ended = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", _INTERRUPTED], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (130, "", 1), ended.stderr
    assert ended.stderr.startswith("Interrupted. ")


def test_a_full_device_is_one_sentence_at_the_interpreters_end_too() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from cli.main import main; main()", "faults"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    assert ended.returncode == 2
    assert ended.stderr == "Error: No space left on device. Make room, or name another place.\n"


def test_the_process_in_the_background_says_what_the_system_refused_to_the_terminal() -> None:
    reader, writer = os.pipe()
    with pytest.raises(FileNotFoundError), Parent(writer):
        Path("/proc/nowhere").mkdir()
    with os.fdopen(reader) as pipe:
        document = json.loads(pipe.read())
    assert document == {
        "refused": "/proc/nowhere: No such file or directory. Make the folder first, or name another place."
    }
