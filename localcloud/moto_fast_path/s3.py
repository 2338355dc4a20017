"""The short way to moto's S3: plain PutObject, GetObject and ListObjectsV2 reach its objects without its HTTP layer.

A night of 12,000 tables makes some 40,000 such calls, and moto builds its table of URLs anew for each of them. Objects
stay moto's own, in its backend. Whatever is not entirely plain (another header, a delimiter, a bucket with a policy or
versions, every refusal but that of an object that is not there) is left to moto, so that there is one place that says
no. The suite of `localcloud/tests/moto_fast_path/test_shortcuts.py` runs against both.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import localcloud.moto_import  # noqa: F401

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends

from localcloud.in_process_transport import response

# Headers that change nothing of what a plain request means.
_SILENT = {
    "accept-encoding",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "content-length",
    "expect",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
}
_ENCRYPTION, _KEY_ID = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
_OF_PUT = _SILENT | {"content-type", "if-none-match", _ENCRYPTION, _KEY_ID}
_OF_LIST = {"prefix", "encoding-type", "max-keys", "continuation-token"}
_AFTER = "after:"  # begins our own continuation tokens
_PAGE = 1_000
_XML = {"Content-Type": "application/xml"}
# A night asks dozens of times for each database whether an object is there yet.
_NO_SUCH_KEY = (
    "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>{key}</Key></Error>"
)


class PlainS3:
    """Answers what is plain in the account *account*; None leaves a request to moto."""

    def __init__(self, account: str) -> None:
        self._account = account
        self.puts = threading.RLock()
        """Serialises puts and moto's answers: moto checks and writes in two steps, so two writers could both win."""
        self._answers = {"PutObject": self._put, "GetObject": self._get, "ListObjectsV2": self._list}

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse | None:
        """The answer to a plain request."""
        answer = self._answers.get(operation)
        if answer is None:
            return None
        url = urlsplit(request.url)
        backend: S3Backend = s3_backends[self._account]["aws"]
        bucket = _plain(backend.buckets.get(url.netloc.partition(".s3.")[0]))
        if bucket is None:
            return None
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        return answer(request, backend, bucket, unquote(url.path[1:]), dict(parse_qsl(url.query)), headers)

    def find(self, bucket: str, key: str) -> FakeKey | None:
        """A plain object, for a service that reads it inside of AWS, without HTTP; None: ask S3."""
        plain = _plain(s3_backends[self._account]["aws"].buckets.get(bucket))
        return None if plain is None else _readable(plain, key)

    def find_all(self, bucket: str, prefix: str) -> list[FakeKey] | None:
        """The objects under *prefix* by key, for a service that lists them inside of AWS; None: ask S3."""
        plain = _plain(s3_backends[self._account]["aws"].buckets.get(bucket))
        return None if plain is None else _objects(plain, _names(plain, prefix))

    def store(self, bucket: str, key: str, body: bytes, encryption: str | None, kms_key_id: str | None) -> bool:
        """Put a plain object, for a service that writes it inside of AWS; false, and nothing is put: ask S3."""
        backend: S3Backend = s3_backends[self._account]["aws"]
        plain = _plain(backend.buckets.get(bucket))
        if plain is None:
            return False
        with self.puts:
            _store(backend, plain, key, body, encryption, kms_key_id)
        return True

    def _put(
        self,
        request: AWSPreparedRequest,
        backend: S3Backend,
        bucket: FakeBucket,
        key: str,
        query: dict[str, str],
        headers: dict[str, str],
    ) -> AWSResponse | None:
        if query or not headers.keys() <= _OF_PUT or not key:
            return None
        body: Any = request.body or b""
        with self.puts:
            if "if-none-match" in headers and key in bucket.keys:
                return None
            content = body.read() if hasattr(body, "read") else body
            made = _store(backend, bucket, key, content, headers.get(_ENCRYPTION), headers.get(_KEY_ID))
        if kind := headers.get("content-type"):
            made.set_metadata({"Content-Type": kind})
        answer_headers = {name: value for name, value in made.response_dict.items() if name != "content-length"}
        return response(request.url, 200, b"", answer_headers)

    def _get(
        self,
        request: AWSPreparedRequest,
        _backend: S3Backend,
        bucket: FakeBucket,
        key: str,
        query: dict[str, str],
        headers: dict[str, str],
    ) -> AWSResponse | None:
        if query or not headers.keys() <= _SILENT:
            return None
        if key not in bucket.keys:
            return response(request.url, 404, _NO_SUCH_KEY.format(key=escape(key)).encode(), _XML)
        found = _readable(bucket, key)
        if found is None:
            return None
        answer_headers = {**found.response_dict, **found.metadata, "Accept-Ranges": "bytes"}
        return response(request.url, 200, found.value, answer_headers)

    def _list(
        self,
        request: AWSPreparedRequest,
        _backend: S3Backend,
        bucket: FakeBucket,
        key: str,
        query: dict[str, str],
        headers: dict[str, str],
    ) -> AWSResponse | None:
        asked = query.keys() - {"list-type"}
        if key or not headers.keys() <= _SILENT or query.get("encoding-type") != "url" or not asked <= _OF_LIST:
            return None
        prefix, token = query.get("prefix", ""), query.get("continuation-token", _AFTER)
        size = query.get("max-keys", str(_PAGE))
        if not token.startswith(_AFTER) or not re.fullmatch(r"[1-9][0-9]{0,8}", size):
            return None
        most = min(int(size), _PAGE)
        after = unquote(token.removeprefix(_AFTER))
        names = [name for name in _names(bucket, prefix) if name > after]
        listed = _objects(bucket, names[:most])
        is_cut = len(names) > most
        more = f"<NextContinuationToken>{_AFTER}{quote(names[most - 1])}</NextContinuationToken>" if is_cut else ""
        body = (
            f"<ListBucketResult><Name>{bucket.name}</Name><Prefix>{quote(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
            f"<KeyCount>{len(listed)}</KeyCount><IsTruncated>{str(is_cut).lower()}</IsTruncated>{more}"
            f"<EncodingType>url</EncodingType>{''.join(map(_listed, listed))}</ListBucketResult>"
        )
        return response(request.url, 200, body.encode(), _XML)


def _store(
    backend: S3Backend, bucket: FakeBucket, key: str, body: bytes, encryption: str | None, kms_key_id: str | None
) -> FakeKey:
    made = backend.put_object(bucket.name, key, body, storage="STANDARD", encryption=encryption, kms_key_id=kms_key_id)
    made.set_acl(bucket.acl)
    backend.put_object_tagging(made, {})
    return made


def _plain(bucket: object) -> FakeBucket | None:
    if type(bucket) is not FakeBucket or bucket.policy or bucket.is_versioned or bucket.logging:
        return None
    return None if bucket.object_lock_enabled else bucket


def _names(bucket: FakeBucket, prefix: str) -> list[str]:
    return sorted(name for name in list(bucket.keys) if name.startswith(prefix))


def _objects(bucket: FakeBucket, names: Iterable[str]) -> list[FakeKey]:
    return [found for name in names if isinstance(found := bucket.keys.get(name), FakeKey)]


def _readable(bucket: FakeBucket, key: str) -> FakeKey | None:
    found = bucket.keys.get(key)
    return found if type(found) is FakeKey and found.storage_class == "STANDARD" else None


def _listed(key: FakeKey) -> str:
    return (
        f"<Contents><Key>{quote(key.name)}</Key><LastModified>{key.last_modified_ISO8601}</LastModified>"
        f"<ETag>{escape(key.etag)}</ETag><Size>{key.size}</Size><StorageClass>{key.storage_class}</StorageClass>"
        "</Contents>"
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
