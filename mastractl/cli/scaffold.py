"""What a new project is made of: templates with its name put in.

A template is a directory of real manifests in `templates/`, so that they are checked as all others are;
the word PROJECT in them is the project's name.
"""

from __future__ import annotations

import os
import os.path

from mastractl import values

TEMPLATES = ("minimal", "kitchen")
STORE = ".mastra-data"
SCHEMA = ".mastractl/schema.json"
"""Where the schema for editors is put, from the project's directory."""

_HERE = os.path.join(os.path.dirname(__file__), "templates")  # noqa: PTH118, PTH120 - see manifests.bundled
_NAME = "PROJECT"


def files(template: str, name: str) -> dict[str, str]:
    """The files of a new project, by their paths in its directory."""
    made = {
        ".mastractl.yaml": f"store: {STORE}\nnamespace: {name}\n",
        ".gitignore": f"{STORE}/\n",
        "README.md": _read("README.md").replace(_NAME, name),
    }
    made[SCHEMA] = schema_text()
    folder = os.path.join(_HERE, template, "manifests")  # noqa: PTH118
    for file in sorted(os.listdir(folder)):  # noqa: PTH208
        text = _read(template, "manifests", file).replace(_NAME, name)
        made[f"manifests/{file}"] = f"# yaml-language-server: $schema=../{SCHEMA}\n{text}"
    return made


def schema_text() -> str:
    """The JSON Schema by which editors check manifests: what `schema export --for-editor` writes."""
    from mastractl.cli.printers import objectmeta  # noqa: PLC0415 - a project is begun once
    from mastractl.manifests import bundled  # noqa: PLC0415 - as above
    from mastractl.resources import json_schema  # noqa: PLC0415 - as above

    kinds = dict.fromkeys(bundled.kinds())
    return values.pretty(json_schema.combined(kinds, forms=True, metadata=objectmeta.described()))


def _read(*parts: str) -> str:
    with open(os.path.join(_HERE, *parts), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return file.read()
