"""The database itself refuses the application's role what belongs to another tenant."""

import pytest
from sqlalchemy import text

from testkit.table_attack import TableAttack

pytestmark = pytest.mark.protects("W2")

KEEP_A_CHUNK = (
    "insert into app.import_chunks (workspace_id, import_id, number, status) "
    "values (:workspace, :import, 0, 'done')"
)


async def test_every_tenant_table_is_closed_to_other_contexts(two_users) -> None:
    database = two_users.database()
    try:
        # Chunks of an import are forgotten when it is complete.
        async with database.connection("admin") as connection:
            values = {"workspace": two_users.victim.workspace_id, "import": two_users.victim.ids["imp"]}
            await connection.execute(text(KEEP_A_CHUNK), values)
            await connection.commit()
        attack = TableAttack(database, two_users.victim, two_users.attacker)
        assert await attack.run() == []
    finally:
        await database.close()
    # A table without a row of the victim would prove little.
    assert attack.with_rows >= {
        "threads", "messages", "runs", "events", "event_streams", "event_writers", "step_attempts", "imports",
        "import_chunks", "data_versions", "reports", "optimizations", "idempotency_keys",
        "price_overrides", "repricings",
    }  # fmt: skip
