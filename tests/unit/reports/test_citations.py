"""Citations resolve to figures, and to nothing else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.reports.citations import (
    CitedFigure,
    TextPiece,
    agreeing,
    cite,
    cited_ids,
    fill_prose,
    split_prose,
    without_citations,
)
from netra.reports.errors import UnknownFigureError
from netra.reports.figures import Figure

ids = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12)
plain = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=30)


def figure(figure_id: str) -> Figure:
    return Figure(id=figure_id, value=7, unit="count", label="calls")


@given(st.lists(st.tuples(plain, ids), max_size=8), plain)
def test_every_citation_is_found_and_the_rest_is_untouched(parts: list[tuple[str, str]], tail: str) -> None:
    text = "".join(before + cite(cited) for before, cited in parts) + tail
    figures = {cited: figure(cited) for _, cited in parts}
    assert cited_ids(text) == [cited for _, cited in parts]
    assert without_citations(text) == "".join(before for before, _ in parts) + tail
    assert fill_prose(text, figures, lambda item: item.id) == "".join(b + c for b, c in parts) + tail


def test_words_agree_with_a_figure_of_one() -> None:
    figures = {"1": figure("1").model_copy(update={"value": 1}), "7": figure("7")}
    assert agreeing("{{f:1}} calls have no price", figures) == "{{f:1}} call has no price"
    assert agreeing("{{f:1}} calls do not say", figures) == "{{f:1}} call does not say"
    both = "{{f:1}} calls have no known price and are not in these amounts. Calls are"
    assert agreeing(both, figures) == both.replace("calls have", "call has").replace("and are", "and is")
    assert agreeing(both.replace("}} ", "}} of the "), figures) == (
        "{{f:1}} of the calls has no known price and is not in these amounts. Calls are"
    )
    apart = "{{f:1}} calls have a price and {{f:7}} calls have none and are apart"
    assert agreeing(apart, figures) == apart.replace("calls have", "call has", 1)
    same = "{{f:7}} calls have a price; {{f:1}} of the calls, {{f:2}} items"
    assert agreeing(same, figures) == same


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(UnknownFigureError, match="cites the figure 9"):
        fill_prose("costs {{f:9}}", {"1": figure("1")})


def test_prose_is_cut_into_text_and_figures() -> None:
    one = figure("1")
    assert split_prose("a {{f:1}} b", {"1": one}) == [TextPiece("a "), CitedFigure(one), TextPiece(" b")]


def test_what_looks_like_a_citation_but_is_none_stays_text() -> None:
    text = "{{f:}} {{ g:1 }} {f:1} {{f:a b}}"
    assert cited_ids(text) == []
    assert fill_prose(text, {}) == text
