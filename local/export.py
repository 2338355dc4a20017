"""What lies in a bucket of the local cloud, as files for people to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.errors import FleetError

if TYPE_CHECKING:
    from localcloud.aws import LocalAws


class KeyOutsideFolderError(FleetError):
    """A key would be written outside of the folder that it is exported to."""


def export_bucket(aws: LocalAws, bucket: str, folder: Path) -> int:
    """Write each object of *bucket* to *folder* under its key; the number of objects.

    S3 takes `a`, `a/`, `a/b` and `a//b` beside each other, which no folder does: a file whose place is taken gets
    ` (object)` behind its name, and a number if that is not enough.

    Raises:
        KeyOutsideFolderError: A key climbs out of the folder (`..`).
    """
    count = 0
    folder.mkdir(parents=True, exist_ok=True)
    root, made, written = folder.resolve(), set[Path](), set[Path]()
    s3 = aws.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", ()):
            key = item["Key"]
            path = Path(os.path.normpath(root / key))
            if not path.is_relative_to(root):
                raise KeyOutsideFolderError(f"object {key!r} of bucket {bucket} would be written to {path}.")
            if path.parent not in made:
                for above in [one for one in path.parents if one in written]:
                    written.remove(above)
                    written.add(above.rename(_free(above, written)))
                path.parent.mkdir(parents=True, exist_ok=True)
                made.update([path.parent, *path.parent.parents])
            if path in written or path in made:
                path = _free(path, written)
            written.add(path)
            if plain := aws.objects.find(bucket, key):  # a request for each of 12,000 takes longer than their files
                path.write_bytes(plain.value)
            else:
                with path.open("wb") as file:
                    for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
                        file.write(chunk)
            count += 1
    return count


def _free(path: Path, written: set[Path]) -> Path:
    """A name like *path*'s that nothing has."""
    names = (path.with_name(f"{path.name} (object{number})") for number in ("", *(f" {n}" for n in range(2, 1_000))))
    return next(name for name in names if name not in written and not name.exists())
