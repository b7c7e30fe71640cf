"""The page that lists every start-up setting, made from their declarations."""

from netra.config.settings import setting_specs

_HEAD = """# Settings at start

What a process of Netra reads when it starts, from its environment. Values given on the command line win.
A value that cannot be used stops the start with a message that names the variable and what to write.
`.env` files are read in development and test only.

| variable | meaning | write | default |
|---|---|---|---|
"""


def settings_page() -> str:
    """`docs/settings.md`: one row for each setting, in order of declaration."""
    rows = [
        f"| `{spec.variable}` | {spec.description} | {spec.expects} | {spec.default} |"
        for spec in setting_specs()
    ]
    return _HEAD + "\n".join(rows) + "\n"
