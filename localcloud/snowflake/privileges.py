"""Which role may use which table: roles granted to roles, privileges on databases, schemas and tables, owners.

Source: https://docs.snowflake.com/en/user-guide/security-access-control-overview (documented). What is judged by it is
the use of tables in SELECT, INSERT, UPDATE, DELETE, MERGE, TRUNCATE and COPY; definitions are not.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any, Literal

from localcloud.snowflake.definitions.catalogue import Table
from localcloud.snowflake.errors import SnowflakeError, missing

Made = Literal["SCHEMAS", "TABLES"]
Grant = tuple[str, str]
"""A privilege, and the role that has it."""
BUILT_IN_ROLES = frozenset({"ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN", "PUBLIC"})
OWNERSHIP = "OWNERSHIP"
_MANAGES_GRANTS = "SECURITYADMIN"
# Source: https://docs.snowflake.com/en/user-guide/security-access-control-overview#system-defined-roles (documented).
_SYSTEM = {"ACCOUNTADMIN": {"SYSADMIN", "SECURITYADMIN"}, "SECURITYADMIN": {"USERADMIN"}}


class Privileges:
    """Those of one account.

    A place is `DATABASE D`, `SCHEMA D.S` or `TABLE <its id>`, of a view too: privileges stay with a table that is
    swapped, and go with one that is replaced. One of another kind, as `WAREHOUSE W`, is shown and not judged.
    """

    def __init__(self, kept: dict[str, Any] | None) -> None:
        self._lock = threading.Lock()
        self._granted: dict[str, set[Grant]] = defaultdict(set)
        self._future: dict[str, set[Grant]] = defaultdict(set)
        self._roles: dict[str, set[str]] = defaultdict(set, {role: set(below) for role, below in _SYSTEM.items()})
        for name, one in (kept or {}).items():
            getattr(self, f"_{name}").update(
                {place: {_as_kept(grant) for grant in all_} for place, all_ in one.items()}
            )

    def kept(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            name: {place: sorted(one) for place, one in getattr(self, f"_{name}").items()}
            for name in ("granted", "future", "roles")
        }

    # --- what is granted

    def grant_role(self, role: str, to: str, *, is_revoked: bool) -> None:
        """Give the role *to* all that *role* may, or take it back."""
        with self._lock:
            _change(self._roles[to], role, is_revoked=is_revoked)

    def grant(self, place: str, grant: Grant, *, is_revoked: bool) -> None:
        """Give a privilege on *place*, or take it back."""
        with self._lock:
            _change(self._granted[place], grant, is_revoked=is_revoked)

    def grant_future(self, made: Made, place: str, grant: Grant, *, is_revoked: bool) -> None:
        """Give a privilege on what will be made in *place*, or no longer."""
        with self._lock:
            _change(self._future[f"{made} {place}"], grant, is_revoked=is_revoked)

    # --- what is made

    def own_database(self, name: str, role: str | None) -> None:
        """Note who made the database, and its schema PUBLIC with it."""
        with self._lock:
            self._granted[f"DATABASE {name}"] = {_owner(role)}
            self._granted[f"SCHEMA {name}.PUBLIC"] = {_owner(role)}

    def own_schema(self, database: str, name: str, role: str | None) -> None:
        """Note who made the schema, and what is granted on future ones."""
        with self._lock:
            self._granted[f"SCHEMA {database}.{name}"] = {
                _owner(role),
                *self._future.get(f"SCHEMAS DATABASE {database}", ()),
            }

    def own_table(self, table: Table, role: str | None) -> None:
        """Note who made the table, and what is granted on future ones: by its schema, and by the database only where
        nothing is granted on tables of that schema.

        Source: https://docs.snowflake.com/en/sql-reference/sql/grant-privilege, "Considerations" (documented).
        """
        of_schema = self._future.get(f"TABLES SCHEMA {table.database}.{table.schema}")
        of_database = self._future.get(f"TABLES DATABASE {table.database}", ())
        with self._lock:
            self._granted[f"TABLE {table.id}"] = {_owner(role), *(of_schema or of_database)}

    def own_view(self, view: Table, role: str | None) -> None:
        """Note who made the *view*. Grants on future tables are none on views."""
        with self._lock:
            self._granted[f"TABLE {view.id}"] = {_owner(role)}

    def copy_grants(self, of: Table, to: Table, role: str | None) -> None:
        """Note who made *to*, and what is granted on *of*, except its ownership; future grants do not count.

        Source: https://docs.snowflake.com/en/sql-reference/sql/create-table, "COPY GRANTS" (documented).
        """
        with self._lock:
            kept = {one for one in self._granted.get(f"TABLE {of.id}", ()) if one[0] != OWNERSHIP}
            self._granted[f"TABLE {to.id}"] = {_owner(role), *kept}

    def forget(self, place: str) -> None:
        """Nothing is granted on *place* any more: what was there is replaced."""
        with self._lock:
            self._granted.pop(place, None)

    # --- what is shown

    def granted_to(self, role: str) -> list[tuple[str, str]]:
        """What *role* itself was granted: privileges with their places."""
        with self._lock:
            return [(one, place) for place, held in self._granted.items() for one, by in held if by == role]

    def future_of(self, role: str) -> list[tuple[str, str]]:
        """The same of what will be made; a place begins with `SCHEMAS` or `TABLES`."""
        with self._lock:
            return [(one, place) for place, held in self._future.items() for one, by in held if by == role]

    def roles_of(self, role: str) -> list[str]:
        """The roles that were granted to *role*."""
        with self._lock:
            return sorted(self._roles.get(role, ()))

    # --- what follows

    def require(self, role: str | None, privilege: str, table: Table) -> None:
        """Refuse the use of *table* unless *role*, or one that was granted to it, may. No role: the account itself."""
        if role is None:
            return
        roles = self._below(role)
        places = (f"DATABASE {table.database}", f"SCHEMA {table.database}.{table.schema}", f"TABLE {table.id}")
        held = [{one for one, by in self._granted.get(place, ()) if by in roles} for place in places]
        *around, own = held
        if not own or not all({OWNERSHIP, "USAGE"} & one for one in around):
            raise missing("Object", ".".join(table.key))
        if not {OWNERSHIP, privilege} & own:
            raise insufficient(f"table '{table.name}'")

    def require_grantor(self, role: str | None, place: str | None) -> None:
        """Refuse a grant on *place* unless *role* owns it or manages grants; without a place, unless it manages them.

        Source: https://docs.snowflake.com/en/sql-reference/sql/grant-privilege, "Access control requirements": future
        grants need MANAGE GRANTS, which SECURITYADMIN has (documented).
        """
        if role is None:
            return
        roles = self._below(role)
        owned = {by for one, by in self._granted.get(place or "", ()) if one == OWNERSHIP}
        if _MANAGES_GRANTS not in roles and not owned & roles:
            raise insufficient("account" if place is None else place.partition(" ")[0].lower())

    def _below(self, role: str) -> set[str]:
        """The role, PUBLIC, and all that was granted to it, one through the other."""
        found, open_ = {"PUBLIC"}, [role]
        while open_:
            one = open_.pop()
            if one not in found:
                found.add(one)
                open_ += self._roles.get(one, ())
        return found


def insufficient(what: str) -> SnowflakeError:
    """The role sees the object and may not do that with it."""
    return SnowflakeError("003001", "42501", f"SQL access control error:\nInsufficient privileges to operate on {what}")


def _owner(role: str | None) -> Grant:
    return OWNERSHIP, role or "ACCOUNTADMIN"


def _change(held: set[Any], one: Any, *, is_revoked: bool) -> None:
    if is_revoked:
        held.discard(one)
    else:
        held.add(one)


def _as_kept(grant: Any) -> Any:
    return tuple(grant) if isinstance(grant, list) else grant
