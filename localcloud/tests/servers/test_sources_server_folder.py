from __future__ import annotations

import os
from pathlib import Path

from localcloud.servers.server_folder import SystemAccount, reachable_programs

STRANGER = SystemAccount(uid=os.geteuid() + 54_321, gid=os.getegid() + 54_321)


def test_an_account_does_not_get_past_a_closed_folder(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    assert not STRANGER.can_reach(tmp_path / "closed" / "file")


def test_an_account_reaches_what_lies_in_the_open() -> None:
    assert STRANGER.can_reach(Path("/usr/file"))


def test_an_account_gets_into_a_folder_of_its_own() -> None:
    ours = SystemAccount(os.geteuid(), os.getegid())
    assert ours.can_reach(Path.cwd() / "file")


def test_programs_that_the_account_cannot_reach_are_copied_once(tmp_path: Path) -> None:
    installed = tmp_path / "closed" / "package" / "installed"
    (installed / "bin").mkdir(parents=True)
    (installed / "bin" / "postgres").write_text("program")
    libraries = tmp_path / "closed" / "package.libs"
    libraries.mkdir()
    (libraries / "libpq.so").write_text("library")
    (tmp_path / "closed").chmod(0o700)
    home = tmp_path / "home"
    home.mkdir()
    programs = reachable_programs(installed, home, STRANGER)
    assert (programs / "postgres").read_text() == "program"
    assert (programs / "../../../package.libs/libpq.so").read_text() == "library"  # where a program looks for it
    (installed / "bin" / "postgres").write_text("another")
    assert (reachable_programs(installed, home, STRANGER) / "postgres").read_text() == "program"


def test_programs_are_used_where_they_stand_by_our_own_account(tmp_path: Path) -> None:
    assert reachable_programs(tmp_path / "installed", tmp_path, None) == tmp_path / "installed" / "bin"
