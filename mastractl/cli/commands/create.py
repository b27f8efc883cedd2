"""`create`: resources that are not there yet, from manifests or from a few words.

Unlike `apply` it refuses what exists already (exit 5). `create agent` and the like write the manifest
themselves; with `--dry-run=client -o yaml` that is all they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import changes, generators, options, writing
from mastractl.cli.printers.name import resource_name
from mastractl.resources.kinds import NAMESPACES

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.check import Checked
    from mastractl.values import JsonObject

KeepGoing = Annotated[
    bool, options.flag("--keep-going", help="Create what can be created even if something else cannot.")
]
Misplaced = Annotated[list[str] | None, options.argument(metavar="", hidden=True)]
SaveConfig = Annotated[bool, options.flag("--save-config", hidden=True)]
Name = Annotated[str, options.argument(metavar="NAME", help="The name of what is created.")]
Description = Annotated[
    str, options.flag("--description", metavar="TEXT", help="What it is for, in a sentence or two.")
]
Model = Annotated[
    str, options.flag("--model", metavar="PROVIDER/MODEL", help="The model, such as openai/gpt-4o.")
]
Instructions = Annotated[
    str, options.flag("--instructions", metavar="TEXT", help="What is to be done, and how.")
]
InstructionsFile = Annotated[
    str, options.flag("--instructions-file", metavar="FILE", help="A file with the instructions; - is stdin.")
]
Tools = Annotated[
    list[str] | None,
    options.flag("--tool", metavar="NAME", help="A tool the agent may use. May be repeated."),
]
Type = Annotated[
    str, options.flag("--type", metavar="TYPE", help="How it is carried out: function, http, mcp, ...")
]
Execute = Annotated[
    str, options.flag("--execute", metavar="FUNCTION", help="The function to call, as package.module:name.")
]
Endpoint = Annotated[
    str, options.flag("--endpoint", metavar="URL", help="The address to call, of an HTTP tool or MCP server.")
]
Steps = Annotated[
    list[str] | None,
    options.flag(
        "--step",
        metavar="ID=KIND:NAME",
        help="A step: what it is called and the agent, tool, workflow or network it calls. They follow one "
        "another in the order given.",
    ),
]
Agents = Annotated[
    list[str] | None,
    options.flag("--agent", metavar="[ALIAS=]NAME", help="An agent of the network. May be repeated."),
]
RouterModel = Annotated[
    str, options.flag("--router-model", metavar="PROVIDER/MODEL", help="The model that routes.")
]
MaxSteps = Annotated[
    int | None, options.flag("--max-steps", metavar="NUMBER", help="The most agent calls in one run.")
]


@options.verb(
    examples="""
# An agent with a tool
mastractl create agent greeter --model openai/gpt-4o --instructions 'Greet people.' --tool clock

# Its manifest, to begin a file with
mastractl create agent greeter --model openai/gpt-4o --instructions 'Greet.' --dry-run=client -o yaml
"""
)
def agent(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    name: Name,
    model: Model = "",
    instructions: Instructions = "",
    instructions_file: InstructionsFile = "",
    tools: Tools = None,
    description: Description = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl",
    output: options.ChangeOutput = "",
    save_config: SaveConfig = False,
) -> None:
    """Create an agent: a model with instructions and tools."""
    del save_config  # nothing is kept beside the resource
    spec: JsonObject = {
        "description": description,
        "instructions": _instructions(inv, instructions, instructions_file),
        "model": generators.model(model),
        "tools": tools,
    }
    _create(inv, "Agent", name, spec, writing.Saying("created", output, dry_run), field_manager)


@options.verb(
    examples="""
# A function as a tool
mastractl create tool clock --description 'Tells the time.' --type function --execute app.clock:now

# An HTTP service
mastractl create tool weather --description 'Tells the weather.' --endpoint https://example.com/weather
"""
)
def tool(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    name: Name,
    description: Description = "",
    type: Type = "",  # noqa: A002 - the flag is called that
    execute: Execute = "",
    endpoint: Endpoint = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl",
    output: options.ChangeOutput = "",
    save_config: SaveConfig = False,
) -> None:
    """Create a tool: something that agents and workflows can have done."""
    del save_config
    if not description:
        message = "say what the tool does: --description TEXT"
        raise errors.UsageError(message, hint="models choose their tools by this sentence")
    spec: JsonObject = {"description": description, "type": type, "execute": execute, "endpoint": endpoint}
    _create(inv, "Tool", name, spec, writing.Saying("created", output, dry_run), field_manager)


@options.verb(
    examples="""
# Two steps, one after the other
mastractl create workflow suggest-dish --step find=tool:recipe-finder --step write=agent:recipe-assistant
"""
)
def workflow(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    name: Name,
    steps: Steps = None,
    description: Description = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl",
    output: options.ChangeOutput = "",
    save_config: SaveConfig = False,
) -> None:
    """Create a workflow: steps that follow one another."""
    del save_config
    if not steps:
        message = "say what the steps are: --step ID=KIND:NAME, as often as there are steps"
        raise errors.UsageError(message, hint="such as --step find=tool:finder --step write=agent:writer")
    spec: JsonObject = {"description": description, "steps": generators.steps(steps)}
    _create(inv, "Workflow", name, spec, writing.Saying("created", output, dry_run), field_manager)


@options.verb(
    examples="""
# Two agents, and a model that says which of them goes on
mastractl create network kitchen --agent recipe-assistant --agent sous-chef --router-model openai/gpt-4o
"""
)
def network(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    name: Name,
    agents: Agents = None,
    router_model: RouterModel = "",
    max_steps: MaxSteps = None,
    instructions: Instructions = "",
    instructions_file: InstructionsFile = "",
    description: Description = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl",
    output: options.ChangeOutput = "",
    save_config: SaveConfig = False,
) -> None:
    """Create a network: agents, and a router that says which of them goes on."""
    del save_config
    if not agents:
        message = "say which agents belong to the network: --agent NAME, as often as there are agents"
        raise errors.UsageError(message)
    router = {"model": generators.model(router_model), "maxSteps": max_steps}
    said = instructions or instructions_file
    spec: JsonObject = {
        "description": description,
        "instructions": _instructions(inv, instructions, instructions_file) if said else "",
        "agents": generators.members(agents),
    }
    document = spec | {"router": {field: value for field, value in router.items() if value not in ("", None)}}
    _create(inv, "Network", name, document, writing.Saying("created", output, dry_run), field_manager)


EXAMPLES = """
# What a file declares, if none of it is there yet
mastractl create -f sources.yaml -f crds/

# What would be created
mastractl create -f sources.yaml -f crds/ --dry-run=server -o name

# One agent, without a file
mastractl create agent greeter --model openai/gpt-4o --instructions 'Greet people.'
"""


@options.verb(
    examples=EXAMPLES,
    usage="(-f FILE... | agent NAME | tool NAME | workflow NAME | network NAME)",
    verbs={"agent": agent, "tool": tool, "workflow": workflow, "network": network},
)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    validate: options.Validate = "strict",
    strict_refs: options.StrictRefs = False,
    keep_going: KeepGoing = False,
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl",
    output: options.ChangeOutput = "",
    save_config: SaveConfig = False,
    misplaced: Misplaced = None,
) -> None:
    """Create resources from manifests or from a few words.

    All of the manifests or none: what is there already is not touched, it is told, nothing is created, and
    the exit code is 5.
    """
    del save_config  # nothing is kept beside the resource
    if misplaced:
        message = f"unexpected argument {misplaced[0]!r}"
        if misplaced[0] in NAMESPACES:
            raise errors.UsageError(message, hint="a namespace is there as soon as a resource is in it")
        hint = f"did you mean -f {misplaced[0]}? Without a file: mastractl create agent|tool|workflow|network"
        raise errors.UsageError(message, hint=hint)

    def refusal(each: Checked) -> errors.AlreadyExists | None:
        if not writing.stands(inv, each):
            return None
        message = f'{each.kind.qualified_plural} "{each.resource.name}" already exists'
        return errors.AlreadyExists(message, hint="`mastractl apply` or `replace` change what is there")

    writing.run(
        inv,
        writing.Manifests(filename or (), recursive, options.FIELDS[validate], strict_refs, keep_going),
        writing.Saying("created", output, dry_run),
        refusal=refusal,
        write=lambda checked: inv.store.create_all(
            [each.resource for each in checked],
            dry_run=dry_run != "none",
            admitted=True,
            manager=field_manager,
        ),
    )


def _instructions(inv: Invocation, text: str, file: str) -> str:
    """The instructions, from one of the two flags."""
    if bool(text) == bool(file):
        message = "say what is to be done, with --instructions TEXT or with --instructions-file FILE"
        raise errors.UsageError(message)
    if text:
        return text
    if file == "-":
        return inv.process.stdin.read()
    from pathlib import Path  # noqa: PLC0415 - costs its import

    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        message = f"{file}: it is not UTF-8 text"
        raise errors.BadRequest(message) from fault


def _create(
    inv: Invocation, kind: str, name: str, spec: JsonObject, say: writing.Saying, manager: str
) -> None:
    """Create one resource, or with --dry-run=client do no more than write its manifest."""
    if say.dry_run == "client":
        namespace = inv.namespace if inv.namespace_given else ""
        _show_manifest(inv, generators.document(kind, name, namespace, spec), say)
        return
    printer = changes.ChangePrinter(inv, say.output)
    given = generators.document(kind, name, inv.namespace, spec)
    (made,) = inv.store.create_all([given], dry_run=say.dry_run != "none", manager=manager)
    line = f"{resource_name(made.resource, inv.kinds)} created{changes.DRY_RUN_SUFFIX[say.dry_run]}"
    printer.show([changes.Change(made.resource, line)])


def _show_manifest(inv: Invocation, given: JsonObject, say: writing.Saying) -> None:
    """Print the manifest in its canonical form; no store is asked. Raises Invalid for one that is none."""
    from mastractl.manifests import bundled  # noqa: PLC0415 - the store knows the kinds otherwise
    from mastractl.resources.admission import admit  # noqa: PLC0415 - as above
    from mastractl.resources.resource import Resource  # noqa: PLC0415 - as above
    from mastractl.store import refusals  # noqa: PLC0415 - as above

    kinds = bundled.kinds()
    printer = changes.ChangePrinter(inv, say.output, kinds=kinds)
    admitted = admit(given, kinds)
    if admitted.resource is None:
        raise refusals.refused(admitted.kind, Resource(given), admitted.causes)
    manifest = Resource(admitted.resource.document | {"metadata": given["metadata"]})
    printer.show([changes.Change(manifest, f"{resource_name(manifest, kinds)} created (dry run)")])
