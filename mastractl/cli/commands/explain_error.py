"""`explain-error`: what a diagnostic's code means, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from mastractl import errors, values
from mastractl.cli import options
from mastractl.cli.printers.layout import Layout

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Code = Annotated[
    str, options.argument(metavar="CODE", help="A code such as MA101, or its name: unknown-field.")
]
Listed = Annotated[bool, options.flag("--list", help="All codes and their names.")]
Form = Annotated[Literal["", "json"], options.flag("--output", "-o", metavar="json", help="One JSON object.")]

EXAMPLES = """
# By the code that -o concise shows, or by the name that stands in brackets otherwise
mastractl explain-error MA101
mastractl explain-error unknown-field

# Every code there is
mastractl explain-error --list

# For a program
mastractl explain-error MA101 -o json
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation, *, code: Code = "", listed: Listed = False, output: Form = "") -> None:
    """Explain a code that diagnostics carry: what it means, what to do.

    Where an example helps there is one, wrong and right.
    """
    from mastractl.manifests.codes import CODES  # noqa: PLC0415 - three hundred lines of text

    if bool(code) == listed:
        message = "name a code, or say --list, one of the two"
        raise errors.UsageError(message, hint="a code is what stands in the brackets of error[...]")
    if not listed:
        found = _known(code)
        inv.write(values.pretty(_object(found)) if output else _text(found, inv.process.columns()))
    elif output:
        inv.write(values.pretty({"codes": [_object(each) for each in CODES]}))
    else:
        inv.write(Layout().lines([["CODE", "NAME"], *([each, CODES[each].name] for each in CODES)]))


def _known(word: str) -> str:
    """The code that a word means; raises UsageError with the nearest there is."""
    from mastractl.manifests.codes import CODES, find  # noqa: PLC0415 - as above
    from mastractl.spelling import nearest  # noqa: PLC0415 - for mistakes only

    if found := find(word):
        return found
    by_word = {name: code for code, each in CODES.items() for name in (code, each.name)}
    near = nearest(word, by_word)
    hint = f"did you mean {near!r}?" if near else "`mastractl explain-error --list` lists the codes there are"
    message = f"there is no code {word!r}"
    raise errors.UsageError(message, hint=hint)


def _object(code: str) -> dict[str, Any]:
    from mastractl.manifests.code_examples import EXAMPLES as SHOWN  # noqa: PLC0415 - as above
    from mastractl.manifests.codes import CODES  # noqa: PLC0415 - as above

    example = SHOWN.get(code)
    return {"code": code, "name": CODES[code].name, "text": CODES[code].text} | (
        {"wrong": example.wrong, "right": example.right} if example else {}
    )


def _text(code: str, width: int) -> str:
    import textwrap  # noqa: PLC0415 - this verb alone wraps text

    found = _object(code)
    parts = [f"{code}: {found['name']}\n", textwrap.fill(found["text"], min(width, 100)) + "\n"]
    parts += [
        f"{word.capitalize()}:\n{textwrap.indent(found[word], '    ')}"
        for word in ("wrong", "right")
        if word in found
    ]
    return "\n".join(parts)
