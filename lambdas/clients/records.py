"""What a run keeps in the control bucket. One place for its keys; every document is one of `fleet`'s dataclasses.

registry/current.json                      the effective registry as it was last deployed
registry/<version>.json                    one that a run is pinned to, kept for good
databases/<database>/catalogue.json        the newest catalogue the source gave
databases/<database>/profile.json          the newest profile that `fleet profile` took
databases/<database>/warehouse.json        its tables in Snowflake as they were last loaded
runs/<run>/plan.json                       pins the registry's version for the whole run
runs/<run>/report.json                     written by CloseRun
runs/<run>/<database>/<attempt>/*.json     what one attempt learnt
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from fleet.databases import Registry, registry_version
from fleet.errors import EmptyRegistryError, UnknownRunError
from fleet.names import CURRENT_REGISTRY, plan_key, registry_key
from fleet.plan import Plan
from lambdas.clients.objects import Objects

T = TypeVar("T")


@lru_cache(maxsize=64)
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Reads and writes *kind* as JSON; refuses what does not fit it."""
    return TypeAdapter(kind)


@lru_cache(maxsize=256)
def parse_cached(body: bytes, kind: Any) -> Any:
    """What *body* says, as *kind*, which is frozen. Raises pydantic's ValidationError."""
    return adapter(kind).validate_json(body)


class Records:
    """The control bucket's documents. Plans and registry versions never change, so they are read once a process."""

    def __init__(self, objects: Objects, bucket: str) -> None:
        self._objects = objects
        self.bucket = bucket
        self._plans: dict[str, Plan] = {}
        self._registries: dict[str, Registry] = {}

    def read(self, key: str, kind: type[T]) -> T | None:
        """The document at *key*, or None."""
        body = self._objects.read(self.bucket, key)
        return None if body is None else adapter(kind).validate_json(body)

    def read_settled(self, key: str, kind: type[T]) -> T | None:
        """Like `read`, with a cache: a document that is read often is parsed once for each content."""
        body = self._objects.read(self.bucket, key)
        return None if body is None else parse_cached(body, kind)

    def write(self, key: str, document: object, kind: Any) -> None:
        """Put *document* at *key*."""
        self._objects.write(self.bucket, key, adapter(kind).dump_json(document))

    def current_registry(self) -> Registry:
        """The registry in force.

        Raises:
            EmptyRegistryError: None was ever deployed.
        """
        return adapter(Registry).validate_json(self._read_current())

    def pin_registry(self) -> tuple[str, Registry]:
        """Version and content of the registry in force, which from now on can be read by that version.

        The next deployment overwrites what is in force: what a run reads must not go with it.

        Raises:
            EmptyRegistryError: None was ever deployed.
        """
        body = self._read_current()
        version = registry_version(body.decode())
        self._objects.write_new(self.bucket, registry_key(version), body)
        return version, self.registry(version)

    def _read_current(self) -> bytes:
        body = self._objects.read(self.bucket, CURRENT_REGISTRY)
        if body is None:
            raise EmptyRegistryError(
                f"s3://{self.bucket}/{CURRENT_REGISTRY} does not exist: no registry was ever deployed.",
                remedy="Deploy, which writes the effective registry there.",
            )
        return body

    def registry(self, version: str) -> Registry:
        """The registry of that version.

        Raises:
            EmptyRegistryError: It is gone.
        """
        if version not in self._registries:
            registry = self.read(registry_key(version), Registry)
            if registry is None:
                raise EmptyRegistryError(
                    f"s3://{self.bucket}/{registry_key(version)} does not exist.", remedy="Deploy the registry again."
                )
            self._registries[version] = registry
        return self._registries[version]

    def plan(self, run: str) -> Plan:
        """The plan of *run*.

        Raises:
            UnknownRunError: No such run was planned.
        """
        if run not in self._plans:
            plan = self.find_plan(run)
            if plan is None:
                raise UnknownRunError(
                    f"run {run!r} has no plan in s3://{self.bucket}/{plan_key(run)}.",
                    remedy="Start fleet-run, which plans one; database-run goes on under a run that exists.",
                )
            self._plans[run] = plan
        return self._plans[run]

    def find_plan(self, run: str) -> Plan | None:
        """The plan of *run*, or None."""
        return self.read(plan_key(run), Plan)
