"""Calls without a known price beside others with one: left out, never free, named where they decide."""

import pytest

from testkit.optimization_bench import calls, only, run_levers, scores

UNKNOWN = {"model": "nobody-knows", "output_tokens": 900}
BESIDE = [{"output_tokens": 10, "input_tokens": 10}] * 60


@pytest.mark.parametrize(
    ("lever", "columns"),
    [
        ("retry-waste", {"retry_of": "gone", "status": "error"}),
        ("response-cache", {"request_hash": "x"}),
        ("output-cap", {}),
        ("context-growth", {"input_tokens": 20_000, "session_id": "s"}),
    ],
)
def test_a_change_of_unpriced_calls_alone_needs_their_prices(lever: str, columns: dict[str, object]) -> None:
    frame = calls([*BESIDE, *[{**UNKNOWN, **columns}] * 60])
    variants = [(f"i{k}", f"nobody-knows{v}", 1.0) for k in range(400) for v in ("", f"+{lever}")]
    given = {"cap": "50"} if lever == "output-cap" else {}
    findings = run_levers(frame, lever, evaluations=scores(variants), **given).findings
    about = next(f for f in findings if f.missing)
    assert (about.verdict, about.savings_usd) == ("insufficient_data", None)
    assert "prices of the models of these calls (nobody-knows)" in about.missing[-1].what
    unevaluated = run_levers(frame, lever, **given).findings
    assert {f.verdict for f in unevaluated} == {"insufficient_data"}


def test_who_is_to_be_evaluated_is_a_model_whose_calls_change() -> None:
    frame = calls([*BESIDE, *[{"model": "gpt-4o-mini", "output_tokens": 900}] * 60])
    finding = only(run_levers(frame, "output-cap", cap="50"))
    assert "model gpt-4o-mini as it is" in finding.missing[0].how


def test_a_tier_asks_for_the_price_that_lacks() -> None:
    waiting = [{"interactive": False, "model": "nobody-knows"}] * 60
    for tier in ("batch", "flex"):
        unknown = only(run_levers(calls([{"interactive": True}] * 60 + waiting), tier)).missing[0]
        assert unknown.what.startswith("prices of the models of these calls (nobody-knows), as they are")
        unsold = [{"interactive": False, "model": "claude-3-opus-20240229"}] * 60
        known = only(run_levers(calls(unsold), "flex")).missing[0]
        assert known.what == "a flex price for the models of these calls (claude-3-opus-20240229)"


def test_another_provider_is_of_no_use_before_the_calls_have_a_price() -> None:
    said = only(run_levers(calls([UNKNOWN] * 60), "provider-switch")).missing[0]
    assert "no price, or cost nothing" in said.what
    absent = only(run_levers(calls([{}] * 60), "provider-switch", model="claude-opus-4-5")).missing[0]
    assert absent.what == "calls on claude-opus-4-5"
