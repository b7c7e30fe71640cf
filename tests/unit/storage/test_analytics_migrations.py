"""The analytics migrations in the package, and how their files are split."""

from netra.storage.clickhouse.migrate import shipped_analytics_migrations, split_statements

# What a second time finds done already: made or dropped, set to the same value, built anew.
REPEATABLE = ("IF NOT EXISTS", "IF EXISTS", "MODIFY SETTING", "MATERIALIZE PROJECTION")


def test_statements_are_split_outside_quotes_and_comments() -> None:
    sql = (
        "-- a; comment\nCREATE TABLE a (x String DEFAULT ';');\n/* ; */ SELECT `;`, \"it;s\", 'it''s;' ;\n--"
    )
    assert [piece.count("CREATE") + piece.count("SELECT") for piece in split_statements(sql)] == [1, 1]


def test_shipped_statements_can_be_repeated() -> None:
    migrations = shipped_analytics_migrations()
    assert [one.version for one in migrations] == sorted({one.version for one in migrations})
    for migration in migrations:
        assert migration.statements, migration.label
        for statement in migration.statements:
            assert any(words in statement.upper() for words in REPEATABLE), statement[:80]
