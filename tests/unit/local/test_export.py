"""A bucket of the local cloud as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.export import KeyOutsideFolderError, export_bucket
from localcloud.aws import REGION, LocalAws


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws() as opened:
        opened.client("s3").create_bucket(Bucket="landing", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield opened


@pytest.mark.parametrize("is_versioned", [False, True], ids=["plain", "versioned"])
def test_each_object_is_a_file_under_its_key_however_its_bucket_is_set_up(
    aws: LocalAws, tmp_path: Path, is_versioned: bool
) -> None:
    s3 = aws.client("s3")
    if is_versioned:
        s3.put_bucket_versioning(Bucket="landing", VersioningConfiguration={"Status": "Enabled"})
    wanted = {f"raw/db/{at}/a b+ü.parquet": str(at).encode() * 1_000 for at in range(1_002)} | {"empty": b""}
    for key, body in wanted.items():
        s3.put_object(Bucket="landing", Key=key, Body=body)
    assert export_bucket(aws, "landing", tmp_path / "files") == len(wanted)
    files = (path for path in (tmp_path / "files").rglob("*") if path.is_file())
    assert {str(path.relative_to(tmp_path / "files")): path.read_bytes() for path in files} == wanted


def test_a_key_that_climbs_out_of_the_folder_is_refused_and_not_written(aws: LocalAws, tmp_path: Path) -> None:
    aws.client("s3").put_object(Bucket="landing", Key="raw/../../outside", Body=b"x")
    with pytest.raises(KeyOutsideFolderError, match=r"object 'raw/../../outside' of bucket landing"):
        export_bucket(aws, "landing", tmp_path / "files")
    assert not (tmp_path / "outside").exists()


def test_names_that_hold_both_a_file_and_a_folder_are_all_written(aws: LocalAws, tmp_path: Path) -> None:
    bodies = {"a": b"1", "a/": b"2", "a/b": b"3", "a//b": b"4", "a/b/c": b"5", "d/": b"6", "a (object)": b"7"}
    for key, body in bodies.items():
        aws.client("s3").put_object(Bucket="landing", Key=key, Body=body)
    folder = tmp_path / "files"
    assert export_bucket(aws, "landing", folder) == len(bodies)
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert sorted(found.values()) == sorted(bodies.values())
    assert found["a/b/c"] == b"5"
    assert {"a (object)", "a/b (object)"} <= found.keys()
