"""`netra prices`: the price of a model, the cost of a call; what changes is in `price_changes`."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

import typer

from netra.cli.options import DataDir, Json, Target, Url, Workspace, instant
from netra.cli.price_changes import register as register_changes

if TYPE_CHECKING:
    from rich.console import Console

Provider = Annotated[str | None, typer.Option("--provider", help="Default: the one the catalogue finds.")]
At = Annotated[str | None, typer.Option("--at", help="Prices of this day, 2026-03-01; default: today.")]
Tokens = Annotated[int, typer.Option(min=0)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    prices = typer.Typer(help="The price catalogue.", no_args_is_help=True)
    prices.command("show")(show_price)
    prices.command("cost")(cost_of_call)
    register_changes(prices)
    app.add_typer(prices, name="prices")


def show_price(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="As your calls name it.")],
    provider: Provider = None,
    at: At = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """What a model costs, per kind of token, where the price is from and since when it holds."""
    path = f"/v1/prices/{quote(model, safe='')}"
    asyncio.run(
        _show(
            Target(url, data_dir, workspace),
            path,
            {"provider": provider, "at": instant(at, "--at")},
            json_output,
        )
    )


def cost_of_call(
    model: Annotated[str, typer.Option("--model", help="As your calls name it.")],
    input_tokens: Annotated[
        int, typer.Option("--input", min=0, help="All input tokens, cached included.")
    ] = 0,
    output: Annotated[int, typer.Option("--output", min=0, help="Output tokens, reasoning included.")] = 0,
    cache_read: Annotated[int, typer.Option("--cache-read", min=0, help="Input read from the cache.")] = 0,
    cache_write: Annotated[int, typer.Option("--cache-write", min=0, help="Input cached for 5 minutes.")] = 0,
    cache_write_1h: Annotated[int, typer.Option("--cache-write-1h", min=0, help="Input cached for 1 h.")] = 0,
    reasoning: Annotated[int, typer.Option("--reasoning", min=0, help="Reasoning tokens of the output.")] = 0,
    tier: Annotated[str, typer.Option("--tier", help="standard, batch, flex or priority.")] = "standard",
    provider: Provider = None,
    at: At = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """What one call costs, exactly. A model without a known price is unpriced, never free."""
    if cache_read + cache_write + cache_write_1h > input_tokens:
        raise typer.BadParameter(
            "is all input, cached included: it cannot be less than the cached part",
            param_hint="--input",
        )
    if reasoning > output:
        raise typer.BadParameter("is part of --output and cannot be more", param_hint="--reasoning")
    body = {
        "model": model,
        "provider": provider,
        "at": instant(at, "--at"),
        "input_tokens": input_tokens,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": cache_write,
        "cache_write_1h_tokens": cache_write_1h,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
        "tier": tier,
    }
    given = {name: value for name, value in body.items() if value is not None}
    asyncio.run(_cost(Target(url, data_dir, workspace), given, json_output))


async def _show(target: Target, path: str, params: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        price: dict[str, Any] = await client.get(path, **params)
    if as_json:
        print_json(price)
    else:
        _print_price(data_console(), price)


def _print_price(console: "Console", price: dict[str, Any]) -> None:
    from netra.cli.output import tidy_table

    tiers: dict[str, list[dict[str, Any]]] = price.get("tiers") or {}
    apart = ("tiers", "cache", "in_force")
    _print_fields(console, {name: value for name, value in price.items() if name not in apart})
    if price.get("unpriced"):
        return
    kinds = list(
        dict.fromkeys(kind for rates in tiers.values() for rate in rates for kind in rate["usd_per_mtok"])
    )
    table = tidy_table(("Tier", "Above input tokens", *(kind.replace("_", " ") for kind in kinds)))
    for tier, rates in tiers.items():
        for rate in rates:
            amounts = [rate["usd_per_mtok"].get(kind) for kind in kinds]
            above = f"{rate['above_input_tokens']:,}"
            table.add_row(
                tier, above, *("unpriced" if amount is None else f"${amount}" for amount in amounts)
            )
    console.print("US dollars per million tokens")
    console.print(table)
    print_in_force(console, price["in_force"])
    cache: dict[str, Any] | None = price.get("cache")
    if cache:
        lives = ", ".join(f"{int(ttl['seconds']) // 60} min" for ttl in cache["ttls"])
        console.print(f"Prompt caching from {cache['min_tokens']:,} tokens, for {lives}. {cache['source']}")


async def _cost(target: Target, body: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json

    async with connected(target) as client:
        cost: dict[str, Any] = await client.post("/v1/prices/cost", body)
    if as_json:
        print_json(cost)
        return
    console = data_console()
    if cost.get("cost_usd") is None:
        console.print(f"[yellow]unpriced[/]: no price is known for {body['model']}")
        return
    console.print(f"[bold]${cost['cost_usd']}[/]")
    _print_fields(
        console, {name: value for name, value in cost.items() if name not in ("cost_usd", "in_force")}
    )
    print_in_force(console, {body["tier"]: cost["in_force"]})


def print_in_force(console: "Console", spans: dict[str, dict[str, Any]]) -> None:
    """Since when and until when the price of each tier holds, and what changed it from the list price."""
    from rich.markup import escape

    from netra.cli.output import tidy_table

    table = tidy_table(("Tier", "Since", "Until", "Changed by"))
    for tier, span in spans.items():
        entries = [
            one["origin"] + ("" if one["percent"] is None else f", {one['percent']} % off")
            for one in span["changed_by"]
        ]
        since, until = _shown_instant(span["since"]), _shown_instant(span["until"])
        changed = escape("; ".join(entries)) or "list price"
        table.add_row(tier, since or "the list goes back", until or "no end known", changed)
    console.print(table)


def _shown_instant(written: str | None) -> str:
    """A day where it begins at midnight UTC, else the minute."""
    if written is None:
        return ""
    day, _, clock = written.partition("T")
    return day if clock.startswith("00:00:00") else f"{day} {clock[:5]} UTC"


def _print_fields(console: "Console", fields: dict[str, Any]) -> None:
    from rich.markup import escape

    from netra.cli.output import tidy_table

    table = tidy_table(("", ""))
    table.show_header = False
    for name, value in fields.items():
        for label, text in _lines(name, value):
            table.add_row(label.replace("_", " "), escape(text))
    console.print(table)


def _lines(name: str, value: object) -> Iterator[tuple[str, str]]:
    """A field as label and text; lists and objects as a line each."""
    if isinstance(value, list):
        for part in cast("list[object]", value):
            yield from _lines(name, part)
    elif isinstance(value, dict):
        parts = cast("dict[str, object]", value).items()
        yield name, ", ".join(f"{key.replace('_', ' ')} {part}" for key, part in parts if part is not None)
    elif isinstance(value, bool):
        yield name, "yes" if value else "no"
    elif value is not None:
        yield name, str(value)
