"""The engines of a data directory answer over their own wires."""

import asyncpg
import clickhouse_connect
import pytest
import redis

from netra.storage.embedded.engines import EngineUrls


@pytest.mark.usefixtures("engines_that_come_along")
async def test_postgres_is_the_version_we_ship(engine_urls: EngineUrls) -> None:
    connection = await asyncpg.connect(engine_urls.database_url)
    try:
        version = await connection.fetchval("show server_version_num")
        encoding = await connection.fetchval("show server_encoding")
    finally:
        await connection.close()
    assert int(version) >= 180000
    assert encoding == "UTF8"


def test_valkey_keeps_a_value(engine_urls: EngineUrls) -> None:
    with redis.Redis.from_url(engine_urls.valkey_url) as client:
        client.set("engines:answer", b"\x00\xff", ex=60)
        assert client.get("engines:answer") == b"\x00\xff"


def test_analytics_speaks_clickhouse(engine_urls: EngineUrls) -> None:
    with clickhouse_connect.get_client(dsn=engine_urls.clickhouse_url) as client:
        assert client.query("select {text:String}", parameters={"text": "it's\t\\n"}).result_rows == [
            ("it's\t\\n",)
        ]
