"""Which printer an `-o` names.

Modules of formats are imported when they are asked for, because `get` as a table must start without
the others.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.cli.printers.masking import MaskingPrinter
from mastractl.cli.printers.printer import Printer, PrintOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.cli.printers.customcolumns import CustomColumn

__all__ = ["FORMATS", "PrintOptions", "Printer", "printer_for"]

FORMATS = (
    "table",
    "wide",
    "json",
    "yaml",
    "name",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "custom-columns",
    "custom-columns-file",
)
"""What `-o` takes; from jsonpath on with an argument after `=`."""

_WITH_ARGUMENT = frozenset(FORMATS[5:])
_GO_TEMPLATES = frozenset({"go-template", "go-template-file", "template", "templatefile"})


def printer_for(output: str, options: PrintOptions) -> Printer:
    """The printer of an `-o` value; "" is the table. It masks sensitive values unless the options say not to.

    Raises UsageError for a format there is not and for a missing or superfluous argument, BadRequest
    for a path or template that cannot be understood.
    """
    name, given, argument = output.partition("=")
    name = name or "table"
    _check(output, name, argument, given=bool(given))
    printer = _makers()[name](argument, options)
    return printer if options.secrets else MaskingPrinter(printer, options.kinds)


def _check(output: str, name: str, argument: str, *, given: bool) -> None:
    if name in _GO_TEMPLATES:
        message = f"output format {output!r}: Go templates are not supported"
        raise errors.UsageError(message, hint=_IN_PLACE_OF_GO)
    if name not in FORMATS:
        from mastractl import spelling

        message = f"unknown output format {output!r}; allowed formats are: {', '.join(FORMATS)}"
        raise errors.UsageError(message, hint=spelling.hint(name, FORMATS))
    if name in _WITH_ARGUMENT and not argument:
        message = f"output format {name!r} needs an argument"
        raise errors.UsageError(message, hint=f"write -o {name}={_EXAMPLES[name]}")
    if given and name not in _WITH_ARGUMENT:
        message = f"output format {name!r} takes no argument, found {argument!r}"
        raise errors.UsageError(message, hint=f"write -o {name}")


_IN_PLACE_OF_GO = (
    "{range}, filters and all, a JSONPath does it: -o jsonpath='{.metadata.name}'; "
    "so does -o custom-columns=NAME:.metadata.name"
)

_EXAMPLES = {
    "jsonpath": "'{.metadata.name}'",
    "jsonpath-as-json": "'{.items[*].spec}'",
    "jsonpath-file": "template.txt",
    "custom-columns": "NAME:.metadata.name,MODEL:.spec.model.name",
    "custom-columns-file": "columns.txt",
}


def _makers() -> dict[str, Callable[[str, PrintOptions], Printer]]:
    """How each format's printer is made from its argument; nothing is imported before it is called."""
    return {
        "table": lambda _argument, options: _table(options, wide=False),
        "wide": lambda _argument, options: _table(options, wide=True),
        "json": _json,
        "yaml": _yaml,
        "name": _name,
        "jsonpath": _jsonpath,
        "jsonpath-as-json": _jsonpath_as_json,
        "jsonpath-file": lambda argument, options: _jsonpath(_text_of_file(argument), options),
        "custom-columns": _custom_columns,
        "custom-columns-file": _custom_columns_file,
    }


def _table(options: PrintOptions, *, wide: bool) -> Printer:
    from mastractl.cli.printers.table import TablePrinter

    return TablePrinter(options, wide=wide)


def _json(_argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.jsonout import JsonPrinter

    return JsonPrinter(options)


def _yaml(_argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.yamlout import YamlPrinter

    return YamlPrinter(options)


def _name(_argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.name import NamePrinter

    return NamePrinter(options)


def _jsonpath(argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.template import TemplatePrinter

    return TemplatePrinter(argument, options)


def _jsonpath_as_json(argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.template import JsonTemplatePrinter

    return JsonTemplatePrinter(argument, options)


def columns_of(output: str) -> tuple[CustomColumn, ...]:
    """The columns that an `-o` value draws up itself; none for another form. Raises as `printer_for`."""
    from mastractl.cli.printers.customcolumns import parse_columns, parse_columns_file

    name, _, argument = output.partition("=")
    if name == "custom-columns-file":
        return parse_columns_file(_text_of_file(argument), name=argument)
    return parse_columns(argument) if name == "custom-columns" else ()


def _custom_columns(argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.customcolumns import CustomColumnsPrinter

    return CustomColumnsPrinter(columns_of(f"custom-columns={argument}"), options)


def _custom_columns_file(argument: str, options: PrintOptions) -> Printer:
    from mastractl.cli.printers.customcolumns import CustomColumnsPrinter

    return CustomColumnsPrinter(columns_of(f"custom-columns-file={argument}"), options)


def _text_of_file(name: str) -> str:
    from pathlib import Path

    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"cannot read {name}: {reason}"
        raise errors.UsageError(message) from error
