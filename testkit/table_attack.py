"""What the application's database role can do to another tenant's rows, table by table of the catalogue."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from netra.storage.postgres.errors import sql_state
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.sessions import DatabaseSessionManager
from testkit.tenants import Tenant

REFUSED = "42501"
# Tables with a workspace_id that the role may fill but never read, each with its reason.
APPEND_ONLY = {"audit_entries": "a decision about any workspace is recorded; nothing is read back"}

_TABLES = (
    "select c.relname as name, exists (select 1 from pg_attribute a where a.attrelid = c.oid "
    "and a.attname = 'user_id' and not a.attisdropped) as by_user "
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "join pg_attribute w on w.attrelid = c.oid and w.attname = 'workspace_id' "
    "where n.nspname = 'app' and c.relkind in ('r', 'p') order by c.relname"
)
_OTHER_SCHEMAS = (
    "select n.nspname || '.' || c.relname as name from pg_class c "
    "join pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname in ('auth', 'dbos') and c.relkind in ('r', 'p') order by 1"
)


@dataclass
class TableAttack:
    """Acts as the application's role with contexts that are not the victim's."""

    database: DatabaseManager
    victim: Tenant
    attacker: Tenant
    complaints: list[str] = field(default_factory=list[str])
    with_rows: set[str] = field(default_factory=set[str])

    async def run(self) -> list[str]:
        """Every tenant table, then the schemas of other roles; what was wrong."""
        async with self.database.connection("admin") as admin:
            tables = (await admin.execute(text(_TABLES))).all()
            closed = [row.name for row in (await admin.execute(text(_OTHER_SCHEMAS))).all()]
        for table in tables:
            await self._attack(table.name, table.by_user)
        for name in closed:
            state = await self._refusal(f"select * from {name}", *self._contexts(False)[0])
            if state != REFUSED:
                self.complaints.append(f"the role reads {name}")
        return self.complaints

    def _contexts(self, by_user: bool) -> list[tuple[str | None, str | None]]:
        contexts: list[tuple[str | None, str | None]] = [
            (self.attacker.workspace_id, self.attacker.user_id),
            (self.attacker.workspace_id, self.victim.user_id),
            (None, None),
            ("", ""),
        ]
        # A table of a user's own things is closed to other members of the workspace too.
        return [*contexts, (self.victim.workspace_id, self.attacker.user_id)] if by_user else contexts

    async def _attack(self, table: str, by_user: bool) -> None:
        row = await self._row_of_victim(table)
        if row is not None:
            self.with_rows.add(table)
        if table in APPEND_ONLY:
            if await self._refusal(f"select * from app.{table}", *self._contexts(False)[0]) != REFUSED:
                self.complaints.append(f"{table}: the role reads it")
            return
        theirs = {"victim": self.victim.workspace_id, "own": self.attacker.workspace_id}
        mine = "and user_id = :user" if by_user else ""
        for workspace, user in self._contexts(by_user):
            told = f"{table} as ({workspace}, {user})"
            for statement in (
                f"select * from app.{table} where workspace_id = :victim {mine}",
                f"update app.{table} set workspace_id = workspace_id where workspace_id = :victim {mine}",
                f"delete from app.{table} where workspace_id = :victim {mine}",
            ):
                values = {**theirs, "user": self.victim.user_id}
                count = await self._count(statement, values, workspace, user)
                if count:
                    self.complaints.append(f"{told}: {statement.split()[0]} reaches {count} rows")
            insert = f"insert into app.{table} select * from json_populate_record(null::app.{table}, :row)"
            if row is not None and await self._refusal(insert, workspace, user, row=row) != REFUSED:
                self.complaints.append(f"{told}: a row of the victim can be inserted")
        move = f"update app.{table} set workspace_id = :victim where workspace_id = :own"
        state = await self._refusal(move, *self._contexts(False)[0], **theirs)
        if state not in {REFUSED, "nothing"}:
            self.complaints.append(f"{table}: own rows can be given to the victim ({state})")

    async def _row_of_victim(self, table: str) -> str | None:
        statement = (
            f"select row_to_json(t)::text as row from app.{table} t where workspace_id = :victim limit 1"
        )
        async with self.database.connection("admin") as admin:
            found = (await admin.execute(text(statement), {"victim": self.victim.workspace_id})).first()
        return None if found is None else str(found.row)

    async def _count(
        self, statement: str, values: dict[str, str], workspace: str | None, user: str | None
    ) -> int:
        try:
            async with DatabaseSessionManager(self.database).transaction(
                workspace_id=workspace, user_id=user
            ) as tx:
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                done = await tx.execute(statement, used)
                count = len(done.all()) if done.returns_rows else done.rowcount
                raise _UndoneError(count)
        except _UndoneError as undone:
            return undone.count
        except DBAPIError as failure:
            if sql_state(failure) == REFUSED:
                return 0
            raise

    async def _refusal(
        self, statement: str, workspace: str | None, user: str | None, **values: str
    ) -> str | None:
        """The SQLSTATE with which a statement is refused, `nothing` when no row is concerned, else None."""
        try:
            async with DatabaseSessionManager(self.database).transaction(
                workspace_id=workspace, user_id=user
            ) as tx:
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                done = await tx.execute(statement, used)
                raise _UndoneError(1 if done.returns_rows else done.rowcount)
        except _UndoneError as undone:
            return None if undone.count else "nothing"
        except DBAPIError as failure:
            return sql_state(failure)


class _UndoneError(Exception):
    """Rolls the attack's transaction back."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count


async def digest_of(database: DatabaseManager, tenant: Tenant) -> dict[str, str]:
    """A digest of each table's rows of a tenant, account and keys included."""
    scopes = {
        "auth.users": "id = :user",
        "auth.workspaces": "id = :workspace",
        "auth.memberships": "workspace_id = :workspace or user_id = :user",
        "auth.api_keys": "user_id = :user",
    }
    async with database.connection("admin") as admin:
        names = [row.name for row in (await admin.execute(text(_TABLES))).all()]
        scopes |= {f"app.{name}": "workspace_id = :workspace" for name in names if name not in APPEND_ONLY}
        values = {"user": tenant.user_id, "workspace": tenant.workspace_id}
        digests: dict[str, str] = {}
        for table, condition in scopes.items():
            used = {name: value for name, value in values.items() if f":{name}" in condition}
            rows = (await admin.execute(text(f"select t::text from {table} t where {condition}"), used)).all()
            digests[table] = _digest(row[0] for row in rows)
        return digests


def _digest(rows: Iterable[str]) -> str:
    ordered = sorted(rows)
    return f"{len(ordered)} rows {hashlib.sha256(chr(10).join(ordered).encode()).hexdigest()}"
