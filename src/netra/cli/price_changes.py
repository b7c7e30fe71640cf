"""`netra prices diff|reprice|reconcile|override`: other prices, and what they mean for stored calls."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.options import DataDir, Json, Since, Target, Until, Url, Workspace, instant

if TYPE_CHECKING:
    from rich.console import Console

File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A TOML file.")]
_LISTED = "list"
_ROWS = 40
_LONGEST_S = 600.0
"""Rewriting the costs of a hundred million calls takes the store minutes."""
FORMATS = (
    *("auto", "openai-costs", "openai-usage", "anthropic-cost", "anthropic-usage"),
    *("azure-cost", "aws-cost", "google-cost", "focus", "generic"),
)


def register(prices: typer.Typer) -> None:
    """Add the commands to `netra prices`."""
    prices.command("diff")(diff_prices)
    prices.command("reprice")(reprice)
    prices.command("reconcile")(reconcile)
    override = typer.Typer(help="Your own prices over the catalogue.", no_args_is_help=True)
    override.command("list")(list_overrides)
    override.command("check")(check_overrides)
    override.command("add")(add_override)
    override.command("set")(set_overrides)
    prices.add_typer(override, name="override")


def diff_prices(
    before: Annotated[
        str, typer.Option("--from", help="A day, a TOML file, `list` (without your prices) or `now`.")
    ] = "now",
    after: Annotated[str, typer.Option("--to", help="The same, for the other side.")] = "now",
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Compare this model too; repeat for several.")
    ] = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Which prices differ between two days or two price files, and what your calls would cost on either."""
    body = {"before": _side(before, "--from"), "after": _side(after, "--to"), "models": model or []}
    asyncio.run(_ask(Target(url, data_dir, workspace), "/v1/prices/diff", body, json_output, _print_diff))


def reprice(
    since: Since = None,
    until: Until = None,
    apply: Annotated[bool, typer.Option("--apply", help="Rewrite the stored costs.")] = False,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Price stored calls again: what it changes by day and model; with --apply, do it."""
    body = {"since": instant(since, "--since"), "until": instant(until, "--until")}
    path = "/v1/prices/reprice" + ("?apply=true" if apply else "")
    asyncio.run(_ask(Target(url, data_dir, workspace), path, body, json_output, _print_plan))


def reconcile(
    invoice: Annotated[
        Path | None,
        typer.Argument(
            metavar="[INVOICE]",
            exists=True,
            dir_okay=False,
            help="CSV, JSON or Parquet of a provider; default: what was imported as openai-usage.",
        ),
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", "-f", help=f"One of {', '.join(FORMATS)}.")
    ] = "auto",
    provider: Annotated[
        str | None,
        typer.Option("--provider", help="Compare with calls billed by it; default: by the format."),
    ] = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """An invoice or usage report against your calls: each difference explained, adding up exactly."""
    if file_format not in FORMATS:
        raise typer.BadParameter(f"one of {', '.join(FORMATS)}", param_hint="--format")
    params = {"format": file_format} | ({"provider": provider} if provider else {})
    content = b"" if invoice is None else invoice.read_bytes()
    asyncio.run(_reconcile(Target(url, data_dir, workspace), content, params, json_output))


def list_overrides(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Your own prices, the later ones winning."""
    asyncio.run(_overrides(Target(url, data_dir, workspace), "GET", "", None, json_output))


def check_overrides(
    file: File,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Say what a price file means, or what is wrong with it; changes nothing."""
    target = Target(url, data_dir, workspace)
    asyncio.run(_overrides(target, "POST", "/check", _text(file, "FILE"), json_output))


def set_overrides(
    file: File,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Make a price file this workspace's own prices; an empty file takes them away."""
    asyncio.run(_overrides(Target(url, data_dir, workspace), "PUT", "", _text(file, "FILE"), json_output))


def add_override(
    model: Annotated[str, typer.Option("--model", help="A model, * and ? allowed.")] = "*",
    provider: Annotated[str | None, typer.Option("--provider", help="Only billed by it.")] = None,
    price: Annotated[
        list[str] | None,
        typer.Option("--price", help="input=2.40 in USD per million tokens; also output, cache_read, ..."),
    ] = None,
    percent: Annotated[str | None, typer.Option("--discount", help="Percent off every price.")] = None,
    tier: Annotated[str | None, typer.Option("--tier", help="standard, batch, flex or priority.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="First day, 2026-01-01.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="First day it no longer applies.")] = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Add a contract price or a discount of this workspace."""
    from netra.cli.options import pairs

    prices = pairs(price, "--price")
    if bool(prices) == (percent is not None):
        raise typer.BadParameter("give either --price or --discount", param_hint="--price")
    scope = {"model": model, "provider": provider, "tier": tier, **prices, "percent": percent}
    lines = ["[[price]]" if prices else "[[discount]]"]
    lines += [f"{name} = {_quoted(value)}" for name, value in scope.items() if value is not None]
    days = (("from", _date(begin, "--from")), ("until", _date(until, "--until")))
    lines += [f"{name} = {day}" for name, day in days if day]
    asyncio.run(_overrides(Target(url, data_dir, workspace), "POST", "", "\n".join(lines), json_output))


async def _ask(target: Target, path: str, body: dict[str, Any], as_json: bool, show: Any) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        result: dict[str, Any] = await client.request("POST", path, json=body, timeout_s=_LONGEST_S)
    if as_json:
        print_json(result)
    else:
        show(data_console(), result)


async def _overrides(target: Target, method: str, tail: str, content: str | None, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    body = None if content is None else {"content": content}
    async with connected(target) as client:
        result: dict[str, Any] = await client.request(method, f"/v1/prices/overrides{tail}", json=body)
    if as_json:
        print_json(result)
        return
    _print_entries(data_console(), result)
    if method != "GET" and not tail:
        data_console().print("[dim]New calls cost this; stored ones follow with `netra prices reprice`.[/]")


async def _reconcile(target: Target, content: bytes, params: dict[str, str], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        result: dict[str, Any] = await client.request(
            "POST", "/v1/prices/reconcile", content=content, params=params, timeout_s=_LONGEST_S
        )
    if as_json:
        print_json(result)
    else:
        _print_reconciliation(data_console(), result)


def _print_entries(console: "Console", result: dict[str, Any]) -> None:
    table = _table("Origin", "Provider", "Model", "From", "Until", "Tier", "Price")
    for entry in result["entries"]:
        rates = entry["usd_per_mtok"].items()
        price = ", ".join(f"{usage} ${' / $'.join(steps)}" for usage, steps in rates)
        table.add_row(
            entry["origin"],
            entry["provider"],
            entry["model"],
            (entry["since"] or "")[:10],
            (entry["until"] or "")[:10],
            entry["tier"] or "",
            price or f"{entry['percent']} % off",
        )
    console.print(table if result["entries"] else "No prices of your own; list prices apply.")


def _print_diff(console: "Console", result: dict[str, Any]) -> None:
    table = _table("Model", "Provider", "Tier", "Above", "Usage", "Before", "After", "Change")
    for change in result["changes"]:
        percent = change["change_pct"]
        table.add_row(
            change["model"],
            change["provider"],
            change["tier"],
            f"{change['above_input_tokens']:,}",
            change["usage"].replace("_", " "),
            _per_mtok(change["before"]),
            _per_mtok(change["after"]),
            "" if percent is None else f"{percent:+.2f} %",
        )
    console.print(table if result["changes"] else "No price differs.")
    console.print("US dollars per million tokens" if result["changes"] else "")
    _print_totals(console, result, f"{result['calls']:,} stored calls")


def _print_plan(console: "Console", plan: dict[str, Any]) -> None:
    from netra.reports.formatting import counted

    table = _table("Day", "Model", "Tier", "Calls", "Before", "After", "Change")
    for row in plan["changes"][:_ROWS]:
        table.add_row(
            row["day"],
            row["model"],
            row["service_tier"],
            f"{row['changed_calls']:,} of {row['calls']:,}",
            _usd(row["before_usd"]),
            _usd(row["after_usd"]),
            _usd(row["change_usd"]),
        )
    console.print(table if plan["changes"] else "No stored cost changes.")
    if len(plan["changes"]) > _ROWS:
        console.print(f"[dim]and {len(plan['changes']) - _ROWS} more; all with --json[/]")
    _print_totals(
        console, plan, f"{plan['changed_calls']:,} of {counted(plan['calls'], 'call', 'calls')} change"
    )
    if plan["interrupted"]:
        console.print("[yellow]A re-pricing was begun and not finished[/]; --apply finishes it.")
    elif not plan["applied"] and plan["changed_calls"]:
        console.print("Nothing was changed; --apply does it.")


def _print_reconciliation(console: "Console", result: dict[str, Any]) -> None:
    from netra.reports.formatting import counted

    table = _table("Cause", "USD", "Meaning")
    for cause, amount in result["causes"].items():
        table.add_row(cause.replace("_", " "), amount, result["meaning"][cause])
    days = f"{result['since']} to {result['until']}, {result['valued']}"
    console.print(f"Invoice [bold]${result['invoice_usd']}[/], ours ${result['our_usd']} ({days})")
    console.print(f"Difference [bold]{_usd(result['difference_usd'])}[/]")
    if result["other_rows"]:
        rows = counted(result["other_rows"], "row", "rows")
        console.print(f"Not compared: {rows} of other services, {_usd(result['other_usd'])}")
    console.print(table if result["causes"] else "Nothing differs.")
    if result["utc_offset_hours"]:
        console.print(f"The invoice's days begin {-result['utc_offset_hours']:+d} h from midnight UTC.")
    lines = _table("Day", "Model", "Usage", "Invoice", "Ours", "Difference", "Because of")
    for line in result["lines"][:_ROWS]:
        causes = ", ".join(f"{cause.replace('_', ' ')} {amount}" for cause, amount in line["causes"].items())
        usage = line["usage"].replace("_", " ")
        amounts = (line["invoice_usd"], line["our_usd"], line["difference_usd"])
        days = line["day"] if line["days"] == 1 else f"{line['day']}, {line['days']} days"
        because = f"{causes}: {line['note']}" if line["note"] else causes
        lines.add_row(days, line["model"], usage, *amounts, because)
    if result["lines"]:
        console.print(lines)
    if result["assumed_usd"] != "0":
        console.print(
            f"Of this ${result['assumed_usd']} is assumed to be calls: without tokens on the invoice nothing "
            "tells them from prices. The provider's usage report, which states tokens, tells."
        )


def _print_totals(console: "Console", result: dict[str, Any], what: str) -> None:
    before, after, change = (_usd(result[f"{name}_usd"]) for name in ("before", "after", "change"))
    amounts = f"{before} -> {after}, {change}"
    console.print(f"{what}: [bold]{amounts}[/]")


def _table(*columns: str) -> Any:
    from netra.cli.output import tidy_table

    return tidy_table(columns, numeric=("Before", "After", "Change", "USD", "Invoice", "Ours", "Difference"))


def _per_mtok(amount: str | None) -> str:
    return "unpriced" if amount is None else f"${amount}"


def _usd(amount: str | None) -> str:
    if amount is None:
        return "unpriced"
    return f"-${amount[1:]}" if amount.startswith("-") else f"${amount}"


def _side(written: str, option: str) -> dict[str, Any]:
    if written in ("now", _LISTED):
        return {"listed": written == _LISTED}
    path = Path(written)
    if path.suffix == ".toml" or path.is_file():
        return {"content": _text(path, option)}
    return {"at": instant(written, option)}


def _text(path: Path, option: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint=option) from None


def _quoted(value: str) -> str:
    import json

    return json.dumps(value)


def _date(written: str | None, option: str) -> str | None:
    from datetime import date

    if written is None:
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no day; write 2026-01-01", param_hint=option) from None
