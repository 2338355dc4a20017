"""Where moto answers otherwise than AWS, or walks through all it holds to answer: corrected on moto's own classes.

Each is held by the test that names it; a version of moto that has learned it makes the correction idle.
"""

from __future__ import annotations

import copy
import json
from functools import cache, lru_cache
from typing import Any

import localcloud.moto_import  # noqa: F401

import moto.core.responses
import moto.kms.models as kms
from moto.core.common_models import BaseModel
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.sns.models import Topic

from localcloud.authorization.iam import effects_of

_moto_transact = DynamoDBBackend.transact_write_items
_moto_query = Table.query
_moto_put_bucket_policy = S3Backend.put_bucket_policy
_moto_list_objects = S3Backend.list_objects_v2
_moto_publish = Topic.publish
_moto_private_key = kms.generate_private_key  # type: ignore[attr-defined]  it imports it
_moto_serialize_structure = BaseJSONSerializer._serialize_type_structure
_method_names = cache(method_names_from_class)
# moto parses an expression twice at each update. It changes only copies of what it has parsed.
_parse_update = lru_cache(maxsize=1_024)(UpdateExpressionParser.make)
_INDEX_NAME = 6  # its place among the arguments after the hash key


def correct() -> None:
    """Put the corrections in force, for this process. Idempotent."""
    DynamoDBBackend.transact_write_items = _transact  # type: ignore[method-assign]
    Table.query = _query  # type: ignore[method-assign]
    Topic.publish = _publish  # type: ignore[method-assign]
    BaseModel.__new__ = _untracked  # type: ignore[method-assign]
    FakeKey.dispose = _keep_readable  # type: ignore[method-assign]
    FakeKey.__del__ = _close_buffer  # type: ignore[method-assign]
    S3Backend.put_bucket_policy = _put_bucket_policy  # type: ignore[method-assign]
    S3Backend.list_objects_v2 = _list_objects  # type: ignore[method-assign]
    FakeBucket.get_permission = _bucket_permission  # type: ignore[method-assign]
    # moto looks through the members of a service's class at each request.
    moto.core.responses.method_names_from_class = _method_names  # type: ignore[attr-defined]  it imports it
    BaseJSONSerializer._serialize_type_structure = _serialize_structure  # type: ignore[method-assign]
    UpdateExpressionParser.make = _parse_update
    kms.generate_private_key = _private_key  # type: ignore[attr-defined]  it imports it


@cache
def _unseen_private_key() -> Any:
    return _moto_private_key("SYMMETRIC_DEFAULT")


def _private_key(key_spec: str) -> Any:
    """moto makes a pair of RSA keys for a symmetric key too, which takes a tenth of a second and which nobody sees."""
    return _unseen_private_key() if key_spec == "SYMMETRIC_DEFAULT" else _moto_private_key(key_spec)


def _untracked(model: type[BaseModel], *_: object, **__: object) -> Any:
    """moto keeps a list of all it has ever made, so that nothing is freed: each overwritten object, each message."""
    return object.__new__(model)


def _publish(topic: Topic, *arguments: Any, **named: Any) -> str:
    """moto keeps all that was ever published, for tests that ask it for that."""
    message_id = _moto_publish(topic, *arguments, **named)
    topic.sent_notifications.clear()
    return message_id


def _keep_readable(_key: FakeKey, garbage: bool = False) -> None:
    """moto closes an object that is overwritten, while another thread may still read it."""


def _close_buffer(key: FakeKey) -> None:
    """Nobody reads it any more."""
    key._value_buffer.close()


def _list_objects(backend: S3Backend, bucket: FakeBucket, *arguments: Any, **named: Any) -> Any:
    """moto takes any continuation token, and breaks over a wrong one where the bucket holds something.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (documented: InvalidArgument)
    """
    token = named.get("continuation_token")
    if token and token not in backend._pagination_tokens:
        raise S3ClientError("InvalidArgument", "The continuation token provided is incorrect")
    return _moto_list_objects(backend, bucket, *arguments, **named)


def _put_bucket_policy(backend: S3Backend, bucket_name: str, policy: bytes) -> None:
    """moto takes anything for a policy, and breaks over it at the next request.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (documented: the code)
    """
    try:
        has_statements = bool(json.loads(policy)["Statement"])
    except (ValueError, TypeError, KeyError, RecursionError):
        has_statements = False
    if not has_statements:
        raise S3ClientError("MalformedPolicy", "Policies must be valid JSON and have a statement")
    _moto_put_bucket_policy(backend, bucket_name, policy)


def _bucket_permission(bucket: FakeBucket, action: str, resource: str) -> Any:
    """moto reads no conditions, so that "nobody without TLS" would be nobody at all.

    Requests count as having come over TLS: the endpoint plays AWS's own.
    """
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    effects = effects_of(json.loads(bucket.policy), action, resource, {"aws:SecureTransport": "true"})
    if "Deny" in effects:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if "Allow" in effects else PermissionResult.NEUTRAL


def _serialize_structure(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """moto asks for ten members of each string and number of an item, and for each by several names."""
    if shape.name == "AttributeValue" and type(value) is dict and value.keys() <= {"S", "N"}:
        serialized[key] = value
    else:
        _moto_serialize_structure(serializer, serialized, value, shape, key)


class _WithoutCopies:
    """A backend in which a transaction finds no table to copy; everything else is as in the real one."""

    def __init__(self, backend: DynamoDBBackend) -> None:
        self._backend = backend
        self.tables: dict[str, Table] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """moto copies every item of the tables, to put the copies back if the transaction is cancelled. Of a ledger of 250
    databases that is a third of a second. Here it is the items that the transaction names.
    """
    before = [_item_of(backend, operation) for one in transact_items for operation in one.values()]
    kept = [(table, keys, copy.deepcopy(table.get_item(*keys))) for table, keys in filter(None, before)]
    try:
        _moto_transact(_WithoutCopies(backend), transact_items)  # type: ignore[arg-type]
    except Exception:
        for table, (hash_key, range_key), item in kept:
            table.delete_item(hash_key, range_key)
            if item is not None and range_key is not None:
                table.items[hash_key][range_key] = item
            elif item is not None:
                table.items[hash_key] = item  # type: ignore[assignment]
        raise


def _item_of(backend: DynamoDBBackend, operation: dict[str, Any]) -> tuple[Table, tuple[Any, Any]] | None:
    """The table and the keys of the item that an operation names; None where it names none, which moto will refuse."""
    table = backend.tables.get(operation.get("TableName", ""))
    named = operation.get("Key") or operation.get("Item") or {}
    if table is None or not {table.hash_key_attr, table.range_key_attr} - {None} <= named.keys():
        return None
    hash_key = DynamoType(named[table.hash_key_attr])
    return table, (hash_key, DynamoType(named[table.range_key_attr]) if table.range_key_attr else None)


class _Partition:
    """A table in which a query finds the items of one partition only, in the order of their range key."""

    def __init__(self, table: Table, hash_key: DynamoType) -> None:
        self._table = table
        self._hash_key = hash_key

    def all_items(self) -> list[Item]:
        """The items of the partition."""
        return list(self._table.items.get(self._hash_key, {}).values())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


def _query(table: Table, hash_key: DynamoType, *rest: Any, **named: Any) -> Any:
    """moto sorts the whole table to find a partition."""
    index = rest[_INDEX_NAME] if len(rest) > _INDEX_NAME else named.get("index_name")
    of = table if index or table.range_key_attr is None else _Partition(table, hash_key)
    return _moto_query(of, hash_key, *rest, **named)  # type: ignore[arg-type]
