"""The catalogue of the migrated database keeps the rules of isolation, table by table."""

from typing import Any

import pytest
from sqlalchemy import text

from netra.storage.postgres.manager import DatabaseManager

pytestmark = pytest.mark.protects("W2")

# Tables of the schema app that belong to no tenant, each with its reason.
NOT_OF_A_TENANT = {
    "schema_migrations": "which migrations were applied; the product may only read it",
    "audit_head": "one row: the end of the audit chain",
    "workers": "which worker processes are alive; nothing of a tenant",
    "outbox_queue": "which workspaces have batches waiting; the product has no right on it",
    "audit_entries": "the product may only append, and reads nothing back",
}
# Functions that run with their owner's rights, each with its reason.
SECURITY_DEFINERS = {
    "app.enqueue_run": "hands a run of the current tenant to the durable engine",
    "app.queue_outbox": "a trigger: notes that a workspace has a batch waiting",
    "app.outbox_waiting": "tells a worker which workspaces have batches waiting, and nothing else",
    "app.outbox_load": "tells how many batches of how many bytes wait in all",
}


async def rows(database: DatabaseManager, statement: str, **values: object) -> list[Any]:
    async with database.connection("admin") as connection:
        return list((await connection.execute(text(statement), values)).all())


TABLES = """
    select c.oid, c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           pg_get_userbyid(c.relowner) as owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'app' and c.relkind in ('r', 'p')
"""


async def test_every_tenant_table_is_closed_to_other_tenants(database: DatabaseManager) -> None:
    tables = await rows(database, TABLES)
    assert len(tables) > len(NOT_OF_A_TENANT)
    faults: list[str] = []
    for table in tables:
        if table.name in NOT_OF_A_TENANT:
            continue
        columns = {
            row.attname: row.attnotnull
            for row in await rows(
                database,
                f"select attname, attnotnull from pg_attribute where attrelid = {table.oid} and attnum > 0",
            )
        }
        if not columns.get("workspace_id"):
            faults.append(f"{table.name}: workspace_id is missing or nullable")
        if not (table.enabled and table.forced):
            faults.append(f"{table.name}: row-level security is not enabled and forced")
        faults += await _policy_faults(database, table, columns)
        faults += await _key_faults(database, table)
    assert faults == []


async def _policy_faults(database: DatabaseManager, table: Any, columns: dict[str, bool]) -> list[str]:
    policies = await rows(
        database,
        "select polname, polcmd::text as command, polpermissive, pg_get_expr(polqual, polrelid) as reads, "
        f"pg_get_expr(polwithcheck, polrelid) as writes from pg_policy where polrelid = {table.oid}",
    )
    faults: list[str] = []
    if not any(policy.command == "*" for policy in policies):
        faults.append(f"{table.name}: no policy for all commands")
    for policy in policies:
        for kind, rule in (("USING", policy.reads), ("WITH CHECK", policy.writes)):
            if rule is None or "workspace_id = " not in rule or "current_workspace()" not in rule:
                faults.append(f"{table.name}.{policy.polname}: {kind} does not compare the workspace")
            if "user_id" in columns and rule and "user_id = " in rule and "current_user_id()" not in rule:
                faults.append(f"{table.name}.{policy.polname}: {kind} compares the user with something else")
    return faults


async def _key_faults(database: DatabaseManager, table: Any) -> list[str]:
    # A unique key without the tenant tells, by its violation, that a foreign row exists. Keys over one id
    # alone are exempt: ids are random, nobody can choose one that exists.
    keys = await rows(
        database,
        "select i.relname as name, array_agg(a.attname::text) as columns from pg_index x "
        "join pg_class i on i.oid = x.indexrelid "
        "join pg_attribute a on a.attrelid = x.indrelid and a.attnum = any(x.indkey) "
        f"where x.indrelid = {table.oid} and x.indisunique group by i.relname",
    )
    return [
        f"{table.name}.{key.name}: a unique key without workspace_id ({', '.join(key.columns)})"
        for key in keys
        if "workspace_id" not in key.columns
        and not all(one == "id" or one.endswith("_id") for one in key.columns)
    ]


async def test_the_product_role_owns_nothing_and_bypasses_nothing(database: DatabaseManager) -> None:
    roles = await rows(
        database,
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles "
        "where rolname in ('netra_app', 'netra_auth', 'netra_dbos', 'netra_owner')",
    )
    assert len(roles) == 4
    for role in roles:
        assert not any((role.rolsuper, role.rolbypassrls, role.rolcreaterole, role.rolcreatedb)), role.rolname
    owned = await rows(
        database,
        "select relname as name from pg_class where pg_get_userbyid(relowner) = any(:roles) "
        "union all select proname from pg_proc where pg_get_userbyid(proowner) = any(:roles) "
        "union all select nspname from pg_namespace where pg_get_userbyid(nspowner) = any(:roles)",
        roles=["netra_app", "netra_auth"],
    )
    assert owned == []


async def test_the_product_role_is_member_of_no_other_role(database: DatabaseManager) -> None:
    memberships = await rows(
        database,
        "select pg_get_userbyid(roleid) as role from pg_auth_members "
        "where pg_get_userbyid(member) in ('netra_app', 'netra_auth', 'netra_dbos')",
    )
    assert memberships == []


async def test_no_unlisted_function_runs_with_its_owners_rights(database: DatabaseManager) -> None:
    found = await rows(
        database,
        "select n.nspname || '.' || p.proname as name, p.proconfig::text as config from pg_proc p "
        "join pg_namespace n on n.oid = p.pronamespace "
        "where p.prosecdef and n.nspname in ('app', 'auth', 'dbos')",
    )
    assert {row.name for row in found} <= SECURITY_DEFINERS.keys()
    for row in found:
        assert "search_path=" in (row.config or ""), f"{row.name} does not fix its search_path"


async def test_public_may_execute_and_create_nothing(database: DatabaseManager) -> None:
    open_functions = await rows(
        database,
        "select n.nspname || '.' || p.proname as name from pg_proc p "
        "join pg_namespace n on n.oid = p.pronamespace "
        "cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl "
        "where n.nspname in ('app', 'auth') and acl.grantee = 0",
    )
    assert open_functions == []
    creators = await rows(
        database,
        "select n.nspname, pg_get_userbyid(acl.grantee) as grantee from pg_namespace n "
        "cross join lateral aclexplode(n.nspacl) as acl "
        "where n.nspname in ('app', 'auth', 'dbos') and acl.privilege_type = 'CREATE' "
        "and acl.grantee <> n.nspowner",
    )
    assert creators == []


@pytest.mark.parametrize("schema", ["auth", "dbos"])
async def test_the_product_role_cannot_enter_foreign_schemas(database: DatabaseManager, schema: str) -> None:
    allowed = await rows(
        database, f"select has_schema_privilege('netra_app', '{schema}', 'usage') as allowed"
    )
    assert allowed[0].allowed is False
    tables = await rows(
        database,
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where n.nspname = '{schema}' and c.relkind in ('r', 'v', 'p') "
        "and has_table_privilege('netra_app', c.oid, 'select, insert, update, delete')",
    )
    assert tables == []


async def test_the_auth_role_sees_nothing_of_the_product(database: DatabaseManager) -> None:
    allowed = await rows(database, "select has_schema_privilege('netra_auth', 'app', 'usage') as allowed")
    assert allowed[0].allowed is False


async def test_the_product_role_may_only_append_to_the_audit_chain(database: DatabaseManager) -> None:
    granted = await rows(
        database,
        "select privilege_type from information_schema.role_table_grants "
        "where table_schema = 'app' and table_name = 'audit_entries' and grantee = 'netra_app'",
    )
    assert [row.privilege_type for row in granted] == ["INSERT"]


async def test_an_empty_context_reads_no_row_of_any_table(database: DatabaseManager) -> None:
    readable = [table for table in await rows(database, TABLES) if table.name not in NOT_OF_A_TENANT]
    async with database.connection("app") as connection:
        for table in readable:
            allowed = await connection.scalar(
                text(f"select has_table_privilege('netra_app', {table.oid}, 'select')")
            )
            if allowed:
                count = await connection.scalar(text(f'select count(*) from app."{table.name}"'))
                assert count == 0, table.name
