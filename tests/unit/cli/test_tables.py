"""Tables fit their terminal without breaking a value, and are a line a row elsewhere."""

import io

from netra.cli.answer_view import print_prose
from netra.cli.output import print_note, tidy_table
from netra.cli.tables import ValueTable, WholeConsole

IMPORT = "imp_01m7zdzr3tnm1hvr538f4r2p3n"


def shown(table: ValueTable, width: int, *, terminal: bool = True) -> list[str]:
    """What is printed, line by line, without the space at the ends."""
    file = io.StringIO()
    console = WholeConsole(file=file, width=width, force_terminal=terminal, color_system=None)
    console.print(table)
    return [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]


def usage() -> ValueTable:
    table = tidy_table(
        ("model", "day", "calls", "input_tokens", "cost_usd"), numeric=("calls", "input_tokens")
    )
    table.add_row("claude-sonnet-4-5", "2026-10-22", "315", "2,528,792", "$8.91")
    assert isinstance(table, ValueTable)
    return table


def sentences() -> ValueTable:
    table = tidy_table(("Import", "What to do"))
    table.add_row(IMPORT, "[bold]Fetch[/] the file again, whole, and import it: nothing is stored twice.")
    assert isinstance(table, ValueTable)
    return table


def test_headings_break_before_anything_else_does() -> None:
    assert shown(usage(), 80)[0].split() == ["model", "day", "calls", "input_tokens", "cost_usd"]
    narrow = shown(usage(), 58)
    assert narrow[0].split() == ["input_", "cost_"]
    assert narrow[-1].split() == ["claude-sonnet-4-5", "2026-10-22", "315", "2,528,792", "$8.91"]
    assert max(map(len, narrow)) <= 58


def test_sentences_wrap_between_words_and_ids_stay_whole() -> None:
    lines = shown(sentences(), 60)
    assert max(map(len, lines)) <= 60
    assert IMPORT in lines[2]
    assert " ".join(" ".join(lines[2:]).replace(IMPORT, "").split()).startswith(
        "Fetch the file again, whole,"
    )


def test_what_cannot_fit_runs_over_the_edge_and_nothing_is_lost() -> None:
    assert shown(usage(), 20)[-1].split()[-1] == "$8.91"


def test_an_empty_table_says_so() -> None:
    table = tidy_table(("Key", "Name"))
    assert isinstance(table, ValueTable)
    assert shown(table, 80) == ["Nothing to list."]


def test_elsewhere_than_on_a_terminal_a_row_is_a_line() -> None:
    lines = shown(sentences(), 40, terminal=False)
    assert lines[-1].endswith("nothing is stored twice.")
    assert lines[-1].startswith(f" {IMPORT}")


def test_notes_hang_behind_their_label() -> None:
    file = io.StringIO()
    text = "The whole interval is above zero, at --param commitment.unit_tokens_per_minute=2500"
    print_note(WholeConsole(file=file, width=40, force_terminal=True), "  1", text, indent=5)
    lines = file.getvalue().splitlines()
    assert lines[0] == "  1  The whole interval is above zero,"
    assert lines[-1] == "     commitment.unit_tokens_per_minute=2500"


def test_lists_of_prose_hang_and_code_stays_as_it_is() -> None:
    file = io.StringIO()
    text = "Do **this**:\n1. Send the calls of one model to another model.\n"
    text += "```py\ncall(model='a', tier='b', effort=1)\n```"
    print_prose(WholeConsole(file=file, width=30, force_terminal=True, color_system=None), text, ())
    assert file.getvalue().splitlines() == [
        "Do this:",
        "1. Send the calls of one model",
        "   to another model.",
        "call(model='a', tier='b', effort=1)",
    ]
