"""The page of settings is what the declarations say."""

from pathlib import Path

from netra.config.documentation import settings_page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_lists_every_setting_as_declared() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), (
        "docs/settings.md differs from the declarations; write it anew: "
        "python -c 'from netra.config.documentation import settings_page; print(settings_page(), end=\"\")' "
        "> docs/settings.md"
    )
