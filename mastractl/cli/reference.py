"""The manual: every command with its options and examples, from the declarations that the reader reads.

Nothing is written down twice: what a verb declares is what runs, what `--help` shows, and what stands here.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import mastractl
from mastractl.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mastractl.cli.parameters import Parameter

SUMMARY = "the control plane for AI agents that needs no cluster"

ENVIRONMENT = (
    ("MASTRACTL_STORE", "The store to use, a path or URL; --store is stronger."),
    ("MASTRACTL_NAMESPACE", "The namespace to work in; --namespace is stronger."),
    ("MASTRACTL_CONTEXT", "A store and a namespace by one name; --context is stronger."),
    ("MASTRACTL_CONFIG", "The user's configuration file, where contexts are kept."),
    ("MASTRACTL_COLOR", "auto, always or never; --color is stronger."),
    ("NO_COLOR, FORCE_COLOR", "As everywhere: no colour, or colour in pipes too."),
    ("COLUMNS", "How wide the terminal is taken to be."),
    ("MASTRACTL_DEBUG", "Set to 1: show where an internal error happened."),
)
FILES = (
    (
        ".mastractl.yaml",
        "Found upwards from the working directory: store, namespace and context of a project.",
    ),
    ("config.json", "The user's contexts; `mastractl config view --show-origin` says where it is."),
)


class Page(NamedTuple):
    """What there is to say of one command: everything as plain text, unwrapped."""

    name: str
    synopsis: str
    paragraphs: tuple[str, ...]
    examples: str
    arguments: tuple[tuple[str, str], ...]
    flags: tuple[tuple[str, str], ...]


class Manual(NamedTuple):
    """All pages by panel, in the order of the table."""

    panels: tuple[tuple[str, tuple[Page, ...]], ...]


def manual(
    table: Mapping[str, tuple[str, str]], load: Callable[[str], options.Verb | options.Group]
) -> Manual:
    """The manual of the commands of a table; each is loaded."""
    panels: dict[str, list[Page]] = {}
    for name, (panel, _) in table.items():
        panels.setdefault(panel, []).extend(_pages(f"mastractl {name}", load(name)))
    return Manual(tuple((panel, tuple(pages)) for panel, pages in panels.items()))


def entries(parameters: Iterable[Parameter]) -> tuple[tuple[str, str], ...]:
    """The flags among some parameters that help shows: how each is written, and what it does."""
    return tuple(
        (_spelt(p), p.declared.help) for p in parameters if not p.positional and not p.declared.hidden
    )


def definitions(rows: Sequence[tuple[str, str]], *, width: int, indent: int = 2) -> str:
    """Words and what they mean, side by side; below each other where a word is long."""
    longest = min(max((len(word) for word, _ in rows), default=0), 30)
    margin = indent + longest + 2
    lines = []
    for word, text in rows:
        wrapped = textwrap.wrap(text, max(width - margin, 30)) or [""]
        if len(word) > longest:
            lines.append(f"{'':{indent}}{word}")
        else:
            lines.append(f"{'':{indent}}{word:{longest}}  {wrapped.pop(0)}".rstrip())
        lines += [f"{'':{margin}}{line}" for line in wrapped]
    return "".join(f"{line}\n" for line in lines)


def folded(examples: str, width: int) -> Iterator[str]:
    """The lines of examples in so many columns: a long command goes on in the next line, still to be copied.

    It is broken where it can be without harm; a comment anywhere.
    """
    for line in examples.splitlines():
        if len(line) <= width:
            yield line
        elif line.startswith("#"):
            yield from textwrap.wrap(line, width, subsequent_indent="# ", break_long_words=False)
        else:
            yield from _continued(line, width)


def _continued(command: str, width: int) -> Iterator[str]:
    indent = ""
    while len(command) > width:
        breaks = [at for at in _breaks(command) if len(indent) < at <= width - 2]
        if not breaks:
            break
        yield f"{command[: breaks[-1]]} \\"
        indent = "    "
        command = f"{indent}{command[breaks[-1] :].lstrip()}"
    yield command


def _breaks(command: str) -> Iterator[int]:
    """Where a command may be broken: outside quotes, before a flag, a pipe, or a variable's program."""
    quote = ""
    for at, character in enumerate(command):
        if character in "'\"":
            quote = "" if quote == character else quote or character
        elif character == " " and not quote and command.startswith(("-", "|", "mastractl "), at + 1):
            yield at


def _pages(name: str, declared: options.Verb | options.Group) -> Iterator[Page]:
    if isinstance(declared, options.Verb):
        yield _page(name, declared)
    for word, verb in declared.verbs.items():
        yield from _pages(f"{name} {word}", verb)


def _page(name: str, declared: options.Verb) -> Page:
    own = [p for p in declared.parameters if p not in options.GLOBALS]
    paragraphs = (declared.__doc__ or "").split("\n\n")
    return Page(
        name=name,
        synopsis=f"{name} {declared.synopsis}",
        paragraphs=tuple(" ".join(p.split()) for p in paragraphs if p.strip()),
        examples=declared.examples.strip(),
        arguments=tuple(
            (p.declared.metavar, p.declared.help) for p in own if p.positional and not p.declared.hidden
        ),
        flags=entries(own),
    )


def _spelt(parameter: Parameter) -> str:
    """`-f, --filename FILE`, `--wait/--no-wait`."""
    names = sorted(parameter.declared.names, key=lambda name: name.startswith("--"))
    value = parameter.declared.metavar or "|".join(c for c in parameter.choices if c) or "TEXT"
    return ", ".join(names) + (f" {value}" if parameter.takes_value else "")


def _text(found: Manual, width: int) -> str:
    """For a terminal or a file: sections with their headings in capitals, as man shows them."""
    width = min(width, 100)

    def wrapped(text: str, indent: int) -> str:
        return textwrap.fill(text, width, initial_indent=" " * indent, subsequent_indent=" " * indent) + "\n"

    out = ["NAME\n", wrapped(f"mastractl - {SUMMARY}", 2), "\nSYNOPSIS\n"]
    out.append("  mastractl [OPTIONS] COMMAND [ARGUMENTS] [OPTIONS]\n")
    for panel, pages in found.panels:
        out.append(f"\n{panel.upper()}\n")
        for number, page in enumerate(pages):
            out += ["\n" if number else "", *_text_page(page, width, wrapped)]
    out += ["\nGLOBAL OPTIONS\n", definitions(entries(options.GLOBALS), width=width)]
    out += ["\nENVIRONMENT\n", definitions(ENVIRONMENT, width=width)]
    out += ["\nFILES\n", definitions(FILES, width=width)]
    out += ["\nEXIT CODES\n", wrapped(options.EXIT_CODES.partition(": ")[2], 2)]
    return "".join(out)


def _text_page(page: Page, width: int, wrapped: Callable[[str, int], str]) -> Iterator[str]:
    yield wrapped(page.synopsis, 2)
    for paragraph in page.paragraphs:
        yield "\n" + wrapped(paragraph, 4)
    if page.arguments or page.flags:
        yield "\n" + definitions([*page.arguments, *page.flags], width=width, indent=4)
    if page.examples:
        yield "\n" + "".join(f"    {line}".rstrip() + "\n" for line in folded(page.examples, width - 4))


def _markdown(found: Manual, width: int) -> str:
    """For a web page or a wiki."""
    del width
    out = [f"# mastractl\n\n{SUMMARY[0].upper()}{SUMMARY[1:]}.\n"]
    for panel, pages in found.panels:
        out.append(f"\n## {panel}\n")
        for page in pages:
            out.append(f"\n### {page.name}\n\n```\n{page.synopsis}\n```\n")
            out += [f"\n{_escaped(p)}\n" for p in page.paragraphs]
            out.append(_markdown_list([*page.arguments, *page.flags]))
            if page.examples:
                out.append(f"\n```sh\n{page.examples}\n```\n")
    for title, rows in (
        ("Global options", entries(options.GLOBALS)),
        ("Environment", ENVIRONMENT),
        ("Files", FILES),
    ):
        out.append(f"\n## {title}\n{_markdown_list(rows)}")
    out.append(f"\n## Exit codes\n\n{options.EXIT_CODES.partition(': ')[2]}\n")
    return "".join(out)


def _markdown_list(rows: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f"{'' if n else chr(10)}- `{word}`: {_escaped(text)}\n" for n, (word, text) in enumerate(rows)
    )


def _escaped(text: str) -> str:
    """Text in which Markdown sees nothing but code between backquotes."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([\\*_\[\]<>])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _man(found: Manual, width: int) -> str:
    """For `man`: a page in the macros that every roff knows."""
    del width
    out = [f'.TH MASTRACTL 1 "" "mastractl {mastractl.__version__}" "User Commands"\n']
    out += [".SH NAME\n", f"mastractl \\- {_roff(SUMMARY)}\n", ".SH SYNOPSIS\n"]
    out.append(".B mastractl\n[OPTIONS] COMMAND [ARGUMENTS] [OPTIONS]\n")
    for panel, pages in found.panels:
        out.append(f".SH {panel.upper()}\n")
        for page in pages:
            out.append(f".SS {_roff(page.synopsis)}\n")
            out += [f".PP\n{_roff(paragraph)}\n" for paragraph in page.paragraphs]
            out += [_man_item(row) for row in (*page.arguments, *page.flags)]
            if page.examples:
                lines = "".join(f"{_roff(line)}\n" for line in page.examples.splitlines())
                out.append(f".PP\n.RS 4\n.nf\n{lines}.fi\n.RE\n")
    for title, rows in (
        ("GLOBAL OPTIONS", entries(options.GLOBALS)),
        ("ENVIRONMENT", ENVIRONMENT),
        ("FILES", FILES),
    ):
        out += [f".SH {title}\n", *map(_man_item, rows)]
    out.append(f".SH EXIT STATUS\n{_roff(options.EXIT_CODES.partition(': ')[2])}\n")
    return "".join(out)


def _man_item(row: tuple[str, str]) -> str:
    return f".TP\n.B {_roff(row[0])}\n{_roff(row[1])}\n"


def _roff(text: str) -> str:
    """Text in which roff sees no request and no escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{text}" if text[:1] in {".", "'"} else text


FORMS: dict[str, Callable[[Manual, int], str]] = {"text": _text, "markdown": _markdown, "man": _man}
"""The forms of the manual: what makes a text of it, for a terminal of that width."""
