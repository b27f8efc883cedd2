"""`validate`: are these manifests in order? No store is looked at, nothing is written.

What is wrong is this verb's data and goes to standard output in the form that was asked for; the summary
goes to standard error. Documents stream through, so the size of the input does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import __version__
from mastractl.cli import intake, options, progress
from mastractl.manifests import diagnostics, formats
from mastractl.manifests.check import check
from mastractl.manifests.diagnostics import ERROR, Diagnostic, Run
from mastractl.manifests.together import Together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.diagnostics import Seen
    from mastractl.manifests.manifest import Manifest

Paths = Annotated[
    list[str] | None,
    options.argument(metavar="FILE...", help="Manifest files, directories, quoted globs, or -."),
]
Form = Annotated[
    Literal["text", "concise", "json", "github", "gitlab", "sarif", "junit"],
    options.flag(
        "--output", "-o", metavar="|".join(formats.NAMES), help="How to tell what is wrong, and to whom."
    ),
]
NoWarnings = Annotated[bool, options.flag("--no-warnings", help="Tell errors only.")]
WarningsAsErrors = Annotated[bool, options.flag("--warnings-as-errors", help="Take warnings as errors.")]
ExitZero = Annotated[
    bool,
    options.flag("--exit-zero", help="Exit with 0 even if there are errors: for reports that others judge."),
]

EXAMPLES = """
# A directory and those below it
mastractl validate manifests/ -R

# One line for each problem, as editors and grep like it
mastractl validate -o concise agent.yaml

# From another program, in CI
cat agent.yaml | mastractl validate -

# With kinds of one's own
mastractl validate sources.yaml --schema-dir crds/

# A report for code scanning, and one that counts manifests as tests
mastractl validate manifests/ -R -o sarif --exit-zero > mastractl.sarif
mastractl validate manifests/ -R -o junit > mastractl.xml
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    paths: Paths = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    output: Form = "text",
    schema_dir: options.SchemaDirectories = None,
    strict_refs: options.StrictRefs = False,
    no_warnings: NoWarnings = False,
    warnings_as_errors: WarningsAsErrors = False,
    exit_zero: ExitZero = False,
) -> int:
    """Check manifests, without a store.

    Every problem of every document is told in one run, each with its file, line and column. The exit code
    is 4 if there is an error; warnings alone are no failure. Where GITHUB_ACTIONS is true the problems are
    told as annotations too, on standard error, beside `-o text` and `-o concise`.
    """
    seen: list[Seen] = []
    kinds, found = intake.bundled_and(schema_dir or ())
    together = Together()
    count = 0
    read = intake.manifests(inv, [*(paths or ()), *(filename or ())], recursive=recursive)
    items = check(
        together.reading(_noted(read, seen) if output == "junit" else read, namespace=inv.namespace),
        kinds,
        namespace=inv.namespace,
        namespace_given=inv.namespace_given,
    )
    for item in progress.counted(inv, items, "checking manifests"):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            count += 1
            together.see(item)
    found += together.findings(lambda _key: False, strict_refs=strict_refs)
    if no_warnings:
        found = [each for each in found if each.severity == ERROR]
    if warnings_as_errors:
        found = [each._replace(severity=ERROR) for each in found]
    failed = _tell(inv, found, output, seen, valid=count)
    return 4 if failed and not exit_zero else 0


def _tell(
    inv: Invocation, found: list[Diagnostic], output: formats.Name, seen: list[Seen], *, valid: int
) -> bool:
    """Print the findings and say how many there are; whether there are errors."""
    listed = diagnostics.in_order(found)
    total = diagnostics.summary(listed)
    environ = inv.process.environ
    root = environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR") or ""
    run = Run(total, seen, inv.process.directory, root, __version__)
    for piece in formats.write(output, listed, run, colour=inv.color(inv.stdout)):
        inv.write(piece)
    if output == "text" and listed:
        inv.line()
    if output in {"text", "concise"} and environ.get("GITHUB_ACTIONS") == "true":
        for piece in formats.write("github", listed, run):
            inv.reporter.raw(piece)
    resources = f"{valid} resource{'' if valid == 1 else 's'} valid"
    inv.note(f"{resources}, {total}" if listed else resources)
    return total.errors > 0


def _noted(read: Iterable[Manifest | Diagnostic], seen: list[Seen]) -> Iterator[Manifest | Diagnostic]:
    """The same, with note taken of every manifest."""
    for item in read:
        if not isinstance(item, Diagnostic):
            seen.append(item.seen())
        yield item
