"""Explicit YAML tags: the ones that JSON has a type for, and no others.

A tag asks a reader to build something; a manifest is plain data, so `!!python/object` and the private tags
of other tools are refused, never dropped.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from yaml.events import MappingStartEvent

from mastractl.manifests import scalars

if TYPE_CHECKING:
    from collections.abc import Callable

YAML = "tag:yaml.org,2002:"
MERGE = YAML + "merge"


def matter(event: Any) -> bool:
    """Whether a scalar event has a tag that says more than its style does."""
    return event.tag is not None and event.tag != "!"


def value(event: Any) -> Any:
    """The value of any scalar event. ValueError where its tag is unknown or does not fit, or it has none."""
    if matter(event):
        build = _BUILDERS.get(event.tag)
        if build is None:
            raise ValueError(unknown(event.tag))
        return build(event.value)
    return event.value if event.style else scalars.read(event.value)[0]


def key(event: Any) -> str:
    """The text of a scalar event that is a key. ValueError where it is null or `value` fails."""
    if not matter(event):
        if not event.style:
            scalars.read_key(event.value)
        return str(event.value)
    made = value(event)
    if made is None:
        message = "a key must be text, not null"
        raise ValueError(message)
    return made if isinstance(made, str) else str(event.value)


def check_collection(event: Any) -> None:
    """ValueError where a mapping or sequence has another tag than its own."""
    own = YAML + ("map" if event.__class__ is MappingStartEvent else "seq")
    if event.tag not in (None, "!", own):
        raise ValueError(unknown(event.tag))


def unknown(tag: str) -> str:
    """What to say of a tag that has no meaning here."""
    return f"unknown tag {shown(tag)}"


def shown(tag: str) -> str:
    """The tag as people write it: `!!set`, `!Ref`."""
    return "!!" + tag.removeprefix(YAML) if tag.startswith(YAML) else tag


def _plain(types: tuple[type, ...], name: str) -> Callable[[str], Any]:
    def build(text: str) -> Any:
        made = scalars.read(text)[0]
        if made.__class__ not in types:
            message = f"{text!r} is no {name}"
            raise ValueError(message)
        return made

    return build


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        message = "!!binary must be the base64 of UTF-8 text"
        raise ValueError(message) from error


_BUILDERS: dict[str, Callable[[str], Any]] = {
    YAML + "str": str,
    YAML + "int": _plain((int,), "integer"),
    YAML + "float": _plain((int, float), "number"),
    YAML + "bool": _plain((bool,), "boolean (true or false)"),
    YAML + "null": _plain((type(None),), "null"),
    YAML + "binary": _binary,
}
