"""The table of reports."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, MetaData, Table, Text

reports = Table(
    "reports",
    MetaData(schema="app"),
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("created_by", Text, nullable=False),
    Column("run_id", Text),
    Column("title", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("savings_usd", Text),
    Column("data_version", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("document", JSON, nullable=False),
)
