"""What a new project is made of: templates with its name put in.

A template is a directory of real manifests in `templates/`, so that they are checked as all others are;
the word PROJECT in them is the project's name.
"""

from __future__ import annotations

import os
import os.path

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
    schema = schema_text()
    if schema:
        made[SCHEMA] = schema
    folder = os.path.join(_HERE, template, "manifests")  # noqa: PTH118
    for file in sorted(os.listdir(folder)):  # noqa: PTH208
        text = _read(template, "manifests", file).replace(_NAME, name)
        head = f"# yaml-language-server: $schema=../{SCHEMA}\n" if schema else ""
        made[f"manifests/{file}"] = head + text
    return made


def schema_text() -> str:
    """The JSON Schema by which editors check manifests; "" as long as there is none to write."""
    return ""


def _read(*parts: str) -> str:
    with open(os.path.join(_HERE, *parts), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return file.read()
