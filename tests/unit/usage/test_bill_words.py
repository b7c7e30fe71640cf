"""Which model and which kind of token a bill means by its words."""

import pytest

from netra.usage.reconciliation.bill_words import BilledModels, billed_usage, model_words


@pytest.mark.parametrize(
    ("label", "usage", "model"),
    [
        ("5.4 inp Gl 1M Tokens", "input", "gpt-5.4"),
        ("gpt 4.1 mini cached Inp glbl Tokens", "cache_read", "gpt-4.1-mini"),
        ("gpt-4o-mini-0718-Outp-glbl Tokens", "output", "gpt-4o-mini"),
        ("GPT 5 Mini cchd Inpt Glbl 1M Tokens", "cache_read", "gpt-5-mini"),
        ("gpt 4o 1120 Batch Inp glbl Tokens", "input", "gpt-4o"),
        ("USE1-Claude3Sonnet-output-tokens", "output", "regional.anthropic.claude-3-sonnet-20240229-v1:0"),
        ("USE1-Llama4-Maverick-17B-input-tokens-batch", "input", "meta.llama4-maverick-17b-instruct-v1:0"),
        (
            "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard",
            "cache_write",
            "global.anthropic.claude-opus-4-8-v1:0",
        ),
        (
            "USE1-Claude4Sonnet-cache-write-input-token-count-1-hour",
            "cache_write_1h",
            "claude-sonnet-4-20250514",
        ),
        ("Gemini 2.5 Pro Thinking Text Output - Predictions", "output", "gemini-2.5-pro"),
        ("Gemini 2.5 Flash Text Caching Storage", "other", ""),
        ("gpt-4o-transcribe-aud-inp-glbl", "other", ""),
        ("D2 v5", None, ""),
    ],
)
def test_words_on_bills(label: str, usage: str | None, model: str) -> None:
    assert billed_usage(label) == usage
    others = ["claude-opus-4", "gpt-4", "gpt-4o-mini", "gpt-5", "claude-sonnet-4-5", "gemini-2.5-flash"]
    if model:
        assert BilledModels([*others, model]).find(model_words(label)) == model
    for nameless in ("cache_write_1h", "reasoning", "InputTokenCount-Units", "Cached Input Tokens"):
        assert model_words(nameless) == ""


def test_versions_of_deepseek_are_models_and_bedrocks_are_none() -> None:
    models = ["deepseek-v3", "deepseek-v4-flash", "deepseek-v4-pro", "claude-3-5-sonnet"]
    known = BilledModels([*models, "deepseek-flash"])
    assert [known.find(model) for model in models] == models
    assert known.find("anthropic.claude-3-5-sonnet-20241022-v2:0") == "claude-3-5-sonnet"
