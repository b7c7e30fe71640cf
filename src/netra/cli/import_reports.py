"""How imports and their data quality are told in the terminal."""

import sys
from typing import Any

Row = dict[str, Any]

_COUNTS = ("read", "stored", "duplicates", "rejected", "ignored")
_MARKS = {"rejected": "✗", "warning": "!", "note": "·"}


def tell_import(result: Row) -> None:
    """One line about an import, what is odd about its data, and where the rejected rows are."""
    from netra.cli.output import print_text
    from netra.reports.formatting import counted

    seconds = float(result["seconds"])
    rate = f" ({int(result['read'] / seconds):,} rows/s)" if seconds > 0 else ""
    print_text(
        f"{counted(result['read'], 'row', 'rows')} read, {result['stored']:,} stored, "
        f"{result['duplicates']:,} there already, {result['rejected']:,} rejected in {seconds:.1f} s{rate}"
    )
    for finding in result.get("findings") or ():
        if finding["severity"] == "warning":
            sys.stderr.write(f"netra: {finding_text(finding)}\n")
    if result.get("reject_file"):
        sys.stderr.write(
            f"netra: the rejected rows, each with its line and reason: {result['reject_file']}\n"
        )


def summary(results: list[Row], failed: list[Row]) -> Row:
    """All files of one command together, in the shape of one import plus `files` and `failed`."""
    totals = {name: sum(int(result.get(name) or 0) for result in results) for name in _COUNTS}
    seconds = round(sum(float(result["seconds"]) for result in results), 3)
    return {**totals, "reject_file": None, "seconds": seconds, "files": results, "failed": failed}


def tell_summary(whole: Row) -> None:
    """A table of the files, their sum, and what could not be imported."""
    from netra.cli.output import data_console, tidy_table

    table = tidy_table(
        ("File", "Read", "Stored", "Duplicates", "Rejected"),
        numeric=("Read", "Stored", "Duplicates", "Rejected"),
    )
    for result in whole["files"]:
        counts = [f"{int(result[name]):,}" for name in ("read", "stored", "duplicates", "rejected")]
        table.add_row(_safe(result["file"]), *counts)
    data_console().print(table)
    tell_import(whole)
    for failure in whole["failed"]:
        sys.stderr.write(f"netra: {failure['file']}: {failure['message']}\n")


def tell_record(record: Row) -> None:
    """One import with its data-quality report."""
    from netra.cli.output import data_console, print_note, print_text, tidy_table

    console = data_console()
    print_text(f"{record['id']}  {record['name']}  {record['format']}  {record['status']}")
    print_text(", ".join(f"{int(record[name]):,} {name}" for name in _COUNTS))
    if record.get("error"):
        print_text(f"failed: {record['error'].get('message')}")
    quality = record.get("quality")
    if not quality:
        return
    if quality["since"]:
        print_text(f"rows from {quality['since'][:19]} to {quality['until'][:19]} UTC")
    findings = quality["findings"]
    print_text("" if findings else "Nothing odd was found.")
    for finding in findings:
        print_text(f"{_MARKS[finding['severity']]} {finding_text(finding)}")
        if finding.get("hint") and finding["severity"] != "note":
            print_text(f"    {finding['hint']}")
    if quality["levers"]:
        table = tidy_table(("Lever", "Needs", "Rows", "Percent"), numeric=("Rows", "Percent"))
        for lever in quality["levers"]:
            table.add_row(
                lever["lever"], ", ".join(lever["needs"]), f"{lever['rows']:,}", f"{lever['percent']:.2f}"
            )
        console.print(table)
    table = tidy_table(("Column", "Filled, percent"), numeric=("Filled, percent",))
    for column, filled in quality["filled"].items():
        if filled:
            table.add_row(column, f"{filled:.2f}")
    console.print(table)
    never = [column for column, filled in quality["filled"].items() if not filled]
    if never:
        print_note(console, "", f"Never given: {', '.join(never)}", indent=0)


def tell_list(imports: list[Row]) -> None:
    """Imports, each in two lines: what and when, then its counts; they fit where a table would not."""
    from netra.cli.output import print_text
    from netra.reports.formatting import counted

    if not imports:
        print_text("Nothing was imported into this workspace; netra import --help says how.")
    for item in imports:
        when = f"{str(item.get('started_at') or '')[:16].replace('T', ' ')} UTC"
        print_text(f"{item['id']}  {when}  {item['status']}  {item['format']}  {item['name']}")
        quality: Row = item.get("quality") or {}
        odd = sum(finding["severity"] != "note" for finding in quality.get("findings", ()))
        told = f"; {counted(odd, 'finding', 'findings')} to check" if odd else ""
        counts = ", ".join(f"{int(item.get(name) or 0):,} {name}" for name in _COUNTS)
        print_text(f"    {counts}{told}")


def finding_text(finding: Row) -> str:
    """A finding in one line."""
    line = f", first in line {finding['first_line']}" if finding.get("first_line") else ""
    column = f" ({finding['column']})" if finding.get("column") else ""
    example = f", such as {finding['example']}" if finding.get("example") else ""
    return f"{finding['rows']:,} {finding['code']}{column}: {finding['message']}{example}{line}"


def _safe(value: object) -> str:
    from rich.markup import escape

    return escape(str(value or ""))
