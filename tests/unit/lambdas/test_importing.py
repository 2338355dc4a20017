"""Importing our code does nothing: no client is opened, nothing is read, and no environment is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# In a process of its own, with nothing in its environment, and an ear for whatever it does outside of Python.
_PROGRAM = """
import importlib, pkgutil, sys
root, heard = sys.argv[1], []

leaves = ("socket.connect", "socket.getaddrinfo", "subprocess", "os.system", "os.exec", "os.posix_spawn")
pythons_own = ("/.venv/", ".egg-info/", ".pyc")

def listen(event, found):
    if event.startswith(leaves):
        heard.append((event, found))
    elif event == "open" and isinstance(found[0], str) and found[0].startswith(root):
        if not found[0].endswith(".py") and not any(part in found[0] for part in pythons_own):
            heard.append((event, found[0]))

sys.path.insert(0, root)
sys.addaudithook(listen)
# CDKTF starts Node as soon as it is imported.
synthesis = ("orchestration.constructs", "orchestration.stack")
count = 0
for name in ("fleet", "onboarding", "orchestration", "lambdas"):
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not found.name.startswith(synthesis):
            importlib.import_module(found.name)
            count += 1
import boto3
from lambdas import wiring
assert boto3.DEFAULT_SESSION is None, "a session of boto3 was opened"
assert wiring._live_clients.cache_info().currsize == 0, "clients were made"
assert not heard, heard
print(count)
"""


def test_importing_every_module_opens_no_client_and_reads_nothing() -> None:
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", _PROGRAM, str(ROOT)], capture_output=True, text=True, check=False, env={}, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60
