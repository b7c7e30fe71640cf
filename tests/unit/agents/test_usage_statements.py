"""Sentences about a table of measures: groups that are level, parts of all, conditions on groups."""

from netra.agents.data.usage_statements import usage_statements
from netra.agents.triage.frame import GroupCondition, QuestionFrame
from netra.tools.usage.outputs import UsageRow, UsageTable


def table(**more: object) -> UsageTable:
    rows = [
        UsageRow(keys={"model": name}, figures={"calls": str(number)}, amounts={"calls": amount})
        for number, (name, amount) in enumerate([("a", "10"), ("b", "10"), ("c", "3")], 1)
    ]
    fields: dict[str, object] = {
        "calls": 23, "dimensions": ["model"], "measures": ["calls"], "labels": {"calls": "Calls"},
        "rows": rows, "totals": {"calls": "9"},
    }  # fmt: skip
    return UsageTable.model_validate({**fields, **more})


def test_groups_that_are_level_are_all_named() -> None:
    frame = QuestionFrame(kind="usage", measures=["calls"], dimensions=["model"], extreme="most")
    said = usage_statements(frame, table())[0]
    assert said == "Most: **a** and **b**, each with calls {{f:1}} (all together {{f:9}})."
    alone = table(rows=table().rows[1:])
    assert usage_statements(frame, alone)[0].startswith("Most: **b**, calls {{f:2}}")


def test_a_share_stands_beside_the_amount_and_what_it_is_a_share_of() -> None:
    frame = QuestionFrame(kind="usage", measures=["calls"], filters={"app": "desk"}, share=True)
    whole = table(dimensions=[], rows=[], share="7", share_of="8")
    assert usage_statements(frame, whole) == ["Calls for app desk: {{f:9}}, {{f:7}} of {{f:8}} in all."]


def test_groups_under_a_condition_are_counted_first() -> None:
    condition = GroupCondition(
        dimension="model", measure="calls", operator=">", value="5", said="with more than 5 calls"
    )
    frame = QuestionFrame(kind="usage", measures=["calls"], group_conditions=[condition])
    said = usage_statements(frame, table(kept="4", groups="5", together={"calls": "6"}))[0]
    assert said == (
        "**Models with more than 5 calls: {{f:4}} of {{f:5}}**. Together: calls {{f:6}} of {{f:9}}."
    )
