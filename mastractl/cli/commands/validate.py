"""`validate`: are these manifests in order? No store is looked at, nothing is written.

What is wrong is this verb's data and goes to standard output in the form that was asked for; the summary
goes to standard error. Documents stream through, so the size of the input does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl.cli import intake, options, progress
from mastractl.manifests import bundled, diagnostics, formats, load, sources
from mastractl.manifests.check import check
from mastractl.manifests.diagnostics import ERROR, Diagnostic
from mastractl.resources import definitions
from mastractl.resources.kinds import KindRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.manifest import Manifest

Paths = Annotated[
    list[str] | None,
    options.argument(metavar="FILE...", help="Manifest files, directories, quoted globs, or -."),
]
Form = Annotated[
    Literal["text", "concise", "json"],
    options.flag("--output", "-o", metavar="text|concise|json", help="How to tell what is wrong."),
]
SchemaDirectories = Annotated[
    list[str] | None,
    options.flag(
        "--schema-dir",
        metavar="DIR",
        help="Know the kinds that CustomResourceDefinitions in this directory define. May be repeated.",
    ),
]
NoWarnings = Annotated[bool, options.flag("--no-warnings", help="Tell errors only.")]

EXAMPLES = """
# A directory and those below it
mastractl validate manifests/ -R

# One line for each problem, as editors and grep like it
mastractl validate -o concise agent.yaml

# From another program, in CI
cat agent.yaml | mastractl validate -

# With kinds of one's own
mastractl validate sources.yaml --schema-dir crds/
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    paths: Paths = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    output: Form = "text",
    schema_dir: SchemaDirectories = None,
    strict_refs: options.StrictRefs = False,
    no_warnings: NoWarnings = False,
) -> int:
    """Check manifests, without a store.

    Every problem of every document is told in one run, each with its file, line and column. The exit code
    is 4 if there is an error; warnings alone are no failure.
    """
    found: list[Diagnostic] = []
    kinds = _kinds(schema_dir or (), found)
    wanted = intake.References()
    count = 0
    items = check(
        intake.manifests(inv, [*(paths or ()), *(filename or ())], recursive=recursive),
        kinds,
        namespace=inv.namespace,
        namespace_given=inv.namespace_given,
    )
    for item in progress.counted(inv, items, "checking manifests"):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            count += 1
            wanted.see(item)
    found += wanted.dangling(lambda _key: False, strict=strict_refs)
    return _tell(inv, [d for d in found if d.severity == ERROR or not no_warnings], output, valid=count)


def _tell(inv: Invocation, found: list[Diagnostic], output: str, *, valid: int) -> int:
    """Print the findings and say how many there are; the exit code."""
    listed = diagnostics.in_order(found)
    total = diagnostics.summary(listed)
    inv.write(formats.FORMATS[output](listed, total, colour=inv.color(inv.stdout)))
    if output == "text" and listed:
        inv.line()
    resources = f"{valid} resource{'' if valid == 1 else 's'} valid"
    inv.note(f"{resources}, {total}" if listed else resources)
    return 4 if total.errors else 0


def _kinds(directories: Sequence[str], found: list[Diagnostic]) -> KindRegistry:
    """The bundled kinds, and those defined in the directories. What is wrong there is found as well."""
    kinds = bundled.kinds()
    if not directories:
        return kinds
    known = KindRegistry(parent=kinds)
    for item in check(_definitions(directories), kinds):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            known.add(definitions.kind_from_definition(item.resource.document)[0])
    return known


def _definitions(directories: Sequence[str]) -> Iterator[Manifest | Diagnostic]:
    for item in load.load(sources.find(directories, recursive=True)):
        if isinstance(item, Diagnostic) or definitions.is_definition(item.document):
            yield item
