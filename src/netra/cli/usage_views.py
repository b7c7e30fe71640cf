"""`netra usage compare|anomalies|forecast|export`: what changed, what is odd, what comes; a file of it."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from netra.cli.options import Target, instant

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 20


async def compare(
    target: Target, body: dict[str, Any], previous: dict[str, str] | None, as_json: bool
) -> None:
    """Explain a change of spend. Without `after` the last seven days that have calls; without `previous`
    the span of the same length before it.
    """
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        if "after" not in body:
            overview = await client.get("/v1/usage/overview")
            body["after"] = _last_week(overview, body.get("timezone"))
        body["before"] = previous or _before(body["after"])
        result: dict[str, Any] = await client.post("/v1/usage/compare", body)
    if as_json:
        print_json(result)
        return
    _print_changes(data_console(), body, result)


def _print_changes(console: "Console", body: dict[str, Any], result: dict[str, Any]) -> None:
    from rich.markup import escape

    from netra.cli.output import print_unpriced
    from netra.reports.formatting import counted, format_money

    changes, sides = result["decomposition"], (result["before"], result["after"])
    for name in ("before", "after"):
        calls = counted(result[name]["calls"], "call", "calls")
        console.print(f"{_days(body[name])}: {format_money(changes[f'{name}_usd'])} of {calls}")
    unpriced = sum(side["unpriced_calls"] for side in sides)
    if unpriced:
        print_unpriced(console, unpriced)
    if not any(side["calls"] for side in sides):
        console.print("[yellow]No call is stored of either period.[/]")
        return
    table = _table("Part of the change", "USD")
    said = {
        "volume": "more or fewer calls",
        "mix": "other shares of the segments",
        "size": "other tokens a call",
        "price": "another price a token",
    }
    for part, meaning in said.items():
        table.add_row(f"{part}: {meaning}", _signed(changes[f"{part}_usd"]))
    table.add_row("[bold]change[/]", f"[bold]{_signed(changes['change_usd'])}[/]")
    console.print(table)
    rows = _table(*result["dimensions"], "Before", "After", "Change", "Volume", "Mix", "Size", "Price")
    for segment in changes["segments"][:_SHOWN]:
        amounts = [segment[f"{name}_usd"] for name in ("change", "volume", "mix", "size", "price")]
        sums = [format_money(segment[f"{name}_usd"]) for name in ("before", "after")]
        rows.add_row(*map(escape, segment["key"]), *sums, *map(_signed, amounts))
    console.print(rows)


async def anomalies(target: Target, body: dict[str, Any], as_json: bool) -> None:
    """Days out of the ordinary."""
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        result: dict[str, Any] = await client.post("/v1/usage/anomalies", body)
    if as_json:
        print_json(result)
        return
    console = data_console()
    if result["outcome"] != "complete":
        _print_missing(console, result)
        return
    table = _table("Day", "Value", "Expected", "Ordinary", "Because of")
    for one in result["anomalies"]:
        causes = ", ".join(
            f"{cause['dimension']} {cause['segment']} ({cause['share_pct']:.0f} %)" for cause in one["causes"]
        )
        ordinary = f"{_number(one['low'])} to {_number(one['high'])}"
        table.add_row(one["day"], _number(one["value"]), _number(one["expected"]), ordinary, causes)
    console.print(table if result["anomalies"] else "No day is out of the ordinary.")
    for said in result["assumptions"]:
        console.print(f"[yellow]{said}[/]")
    console.print(f"[dim]{result['judged_days']} days judged, {result['since']} to {result['until']}[/]")


async def forecast(target: Target, body: dict[str, Any], as_json: bool) -> None:
    """The next days."""
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        result: dict[str, Any] = await client.post("/v1/usage/forecast", body)
    if as_json:
        print_json(result)
        return
    console = data_console()
    if result["outcome"] != "complete":
        _print_missing(console, result)
        return
    table = _table("Day", "Forecast", "Low", "High")
    for day in result["days"]:
        table.add_row(day["day"], _number(day["value"]), _number(day["low"]), _number(day["high"]))
    console.print(table)
    interval = result["total_interval_95"]
    within = (
        f"95 % between {_number(interval[0])} and {_number(interval[1])}"
        if interval
        else "no interval of the sum: the past is too short for so many days"
    )
    console.print(f"{len(result['days'])} days: [bold]{_number(result['total'])}[/], {within}")
    for said in result["assumptions"][1:]:
        console.print(f"[yellow]{said}[/]")
    off = "" if result["error_pct"] is None else f", off by {result['error_pct']:.1f} % a day on the past"
    console.print(f"[dim]{result['method']} over {result['history_days']} days{off}[/]")


async def export(target: Target, params: dict[str, str], out: Path, as_json: bool) -> None:
    """Write a FOCUS file; nothing is left there when it fails."""
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    with _whole_file(out) as file:
        async with connected(target) as client:
            headers = await client.download("/v1/usage/export/focus", file.write, params=params)
        size = file.tell()
    unpriced = int(headers["X-Netra-Unpriced-Calls"])
    if unpriced:
        sys.stderr.write(
            f"netra: {unpriced:,} {'call' if unpriced == 1 else 'calls'} without a known price in no row; "
            "`netra usage --measure unpriced_calls --by model` names their models\n"
        )
    if as_json:
        print_json({"file": str(out), "bytes": size, "format": "focus", "unpriced_calls": unpriced})
    else:
        data_console().print(f"{out}: {size:,} bytes")


@contextmanager
def _whole_file(out: Path) -> Generator[BinaryIO]:
    """A file that gets its name when all of it is written."""
    partial = out.with_name(f".{out.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def period_of(written: str | None, zone: str | None = None) -> dict[str, str] | None:
    """`previous` (None), or the span of `2026-02-01..2026-03-01`. Exits with 2 otherwise."""
    if written in (None, "previous"):
        return None
    since, dots, until = str(written).partition("..")
    if not dots:
        raise typer.BadParameter("write previous or 2026-02-01..2026-03-01", param_hint="--compare")
    return {
        "since": str(instant(since, "--compare", zone)),
        "until": str(instant(until, "--compare", zone)),
    }


def _last_week(overview: dict[str, Any], zone: str | None) -> dict[str, str]:
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    if overview["until"] is None:
        raise typer.BadParameter("there are no calls to compare", param_hint="--compare")
    last = datetime.fromisoformat(overview["until"])
    last = last.astimezone(ZoneInfo(zone)) if zone else last
    end = last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {"since": (end - timedelta(days=7)).isoformat(), "until": end.isoformat()}


def _before(after: dict[str, str]) -> dict[str, str]:
    from datetime import datetime

    since, until = (datetime.fromisoformat(after[name]) for name in ("since", "until"))
    return {"since": (since - (until - since)).isoformat(), "until": since.isoformat()}


def _days(span: dict[str, str]) -> str:
    return f"{span['since'][:10]} to {span['until'][:10]}"


def _print_missing(console: "Console", result: dict[str, Any]) -> None:
    console.print("[yellow]Insufficient data[/]. Missing: " + "; ".join(result["missing"]))


def _signed(amount: str) -> str:
    from netra.reports.formatting import format_money

    said = format_money(amount)
    return said if said.startswith("-") or amount == "0" else f"+{said}"


def _number(value: object) -> str:
    """Money, which comes as text, with its cents; a count as a whole number."""
    from netra.reports.formatting import format_money

    return format_money(value) if isinstance(value, str) else f"{value:,.0f}"


def _table(*columns: str) -> Any:
    from netra.cli.output import tidy_table

    texts = ("Day", "Because of", "Part of the change")
    numeric = [column for column in columns if column not in texts and column[:1].isupper()]
    return tidy_table(columns, numeric=numeric)
