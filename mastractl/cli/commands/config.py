"""`config`: which store and namespace are in force and where that was said; contexts, each a pair of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import config, errors, storeurl, values
from mastractl.cli import options
from mastractl.cli.printers.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.values import JsonObject

Name = Annotated[str, options.argument(metavar="CONTEXT", help="The name of a context.")]
ShowOrigin = Annotated[bool, options.flag("--show-origin", help="Say where each value was said.")]
Form = Annotated[
    Literal["", "json", "yaml"], options.flag("--output", "-o", metavar="FORMAT", help="json or yaml.")
]
NamesOnly = Annotated[
    Literal["", "name"], options.flag("--output", "-o", metavar="name", help="Only the names.")
]
NoHeaders = Annotated[bool, options.flag("--no-headers", help="Leave out the header line.")]
Current = Annotated[bool, options.flag("--current", help="Change the current context.")]
Options = Annotated[
    list[str] | None,
    options.flag(
        "--option",
        metavar="NAME=VALUE",
        help="What to put around the store: audit, cache, encrypt, metrics, retry. NAME- takes it away.",
    ),
]


def _masked(store: str) -> str:
    from mastractl.engines.opening import mask  # noqa: PLC0415 - engines are not needed to start

    return mask(store)


@options.verb(
    examples="""
# What a command run here would go by
mastractl config view

# ... and which file, variable or flag says so
mastractl config view --show-origin
"""
)
def view(inv: Invocation, *, show_origin: ShowOrigin = False, output: Form = "") -> None:
    """Show the settings in force here."""
    found = inv.settings
    named: list[tuple[str, config.Setting]] = [
        ("store", config.Setting(value=_masked(found.store.value), origin=found.store.origin)),
        ("namespace", found.namespace),
        ("context", found.context),
    ]
    if output:
        document: JsonObject = {
            name: {"value": s.value, "origin": s.origin} if show_origin else s.value for name, s in named
        }
        inv.write(values.pretty(document) if output == "json" else _yaml(document))
        return
    rows = [
        [f"{name}:", s.value or "<none>", *([f"({s.origin})"] if show_origin else [])] for name, s in named
    ]
    inv.write(Layout().lines(rows))


@options.verb(examples="# The context in force\nmastractl config current-context")
def current_context(inv: Invocation) -> None:
    """Print the name of the context in force."""
    name = inv.settings.context.value
    if not name:
        message = "no context is in force"
        raise errors.ConfigError(message, hint="`mastractl config use-context NAME` chooses one")
    inv.line(name)


@options.verb(
    examples="""
# All contexts; the current one has a star
mastractl config get-contexts

# One of them
mastractl config get-contexts kitchen

# Their names, for scripts
mastractl config get-contexts -o name
"""
)
def get_contexts(
    inv: Invocation,
    *,
    names: Annotated[
        list[str] | None, options.argument(metavar="[CONTEXT...]", help="Only these; without, all of them.")
    ] = None,
    output: NamesOnly = "",
    no_headers: NoHeaders = False,
) -> None:
    """List the contexts."""
    user = config.read_user_config(inv.process.environ)
    if names:
        chosen = {name: user.context(name, said="the argument") for name in names}
        user = user._replace(contexts=chosen)
    if output == "name":
        inv.write("".join(f"{name}\n" for name in sorted(user.contexts)))
        return
    current = inv.settings.context.value
    rows = [] if no_headers else [["CURRENT", "NAME", "STORE", "NAMESPACE"]]
    for name, context in sorted(user.contexts.items()):
        star = "*" if name == current else ""
        rows.append([star, name, _masked(context.url) or "<default>", context.namespace or "default"])
    inv.write(Layout().lines(rows))


@options.verb(
    examples="# From now on, unless a flag or variable says otherwise\nmastractl config use-context kitchen"
)
def use_context(inv: Invocation, *, name: Name) -> None:
    """Make a context the current one."""
    user = config.read_user_config(inv.process.environ)
    chosen = user.context(name, said="the argument")
    config.write_user_config(config.UserConfig(path=user.path, current=chosen.name, contexts=user.contexts))
    inv.line(f'Switched to context "{name}".')
    said = inv.settings.store.origin
    if said != "default" and user.path not in said:
        inv.note(f"it is not in force here: {said} is stronger", hint="mastractl config view --show-origin")


@options.verb(
    examples="""
# A store and a namespace by one name
mastractl config set-context kitchen --store ./kitchen-store -n cooking

# Another namespace for the current context
mastractl config set-context --current -n default

# Keep who changed what, and ask a store again that does not answer
mastractl config set-context kitchen --option audit=./audit.jsonl --option retry=5
"""
)
def set_context(
    inv: Invocation,
    *,
    name: Annotated[str, options.argument(metavar="[CONTEXT]", help="The name of a context.")] = "",
    current: Current = False,
    option: Options = None,
) -> None:
    """Create a context or change it: --store, --namespace and --option say to what."""
    user = config.read_user_config(inv.process.environ)
    name = _which(user, name, current=current)
    before = user.contexts.get(name, config.Context(name=name))
    store = config.absolute_store(inv.flags.store, inv.process.directory)
    if inv.flags.namespace:
        _ = inv.namespace  # refuses what can be no namespace
    after = config.Context(
        name=name,
        store=store or before.store,
        namespace=inv.flags.namespace or before.namespace,
        options=_with(before.options, option or (), inv.process.directory),
    )
    if after.options and not after.store:
        message = "options are put around a store, and this context names none"
        raise errors.UsageError(message, hint="say --store as well")
    contexts = {**user.contexts, name: after}
    config.write_user_config(config.UserConfig(path=user.path, current=user.current, contexts=contexts))
    inv.line(f'Context "{name}" {"modified" if name in user.contexts else "created"}.')
    if not user.current:
        inv.note(f"it is not in use yet: mastractl config use-context {name}")


@options.verb(
    examples="# Forget a context; its store is not touched\nmastractl config delete-context kitchen"
)
def delete_context(inv: Invocation, *, name: Name) -> None:
    """Forget a context; its store stays as it is."""
    user = config.read_user_config(inv.process.environ)
    user.context(name, said="the argument")
    contexts = {n: c for n, c in user.contexts.items() if n != name}
    current = "" if user.current == name else user.current
    config.write_user_config(config.UserConfig(path=user.path, current=current, contexts=contexts))
    inv.line(f'deleted context "{name}" from {user.path}')
    if user.current == name:
        inv.warn("this was the current context; now the default store is used")


@options.verb(
    examples="""
# The same store and namespace by a better name
mastractl config rename-context kitchen galley
"""
)
def rename_context(
    inv: Invocation,
    *,
    name: Name,
    new: Annotated[str, options.argument(metavar="NEW-NAME", help="What it is called from now on.")],
) -> None:
    """Give a context another name."""
    user = config.read_user_config(inv.process.environ)
    before = user.context(name, said="the argument")
    if new in user.contexts:
        message = f"there is a context named {new!r} already"
        raise errors.ConfigError(message, hint=f"`mastractl config delete-context {new}` removes it")
    contexts = {(new if n == name else n): c for n, c in user.contexts.items()} | {
        new: before._replace(name=new)
    }
    current = new if user.current == name else user.current
    config.write_user_config(config.UserConfig(path=user.path, current=current, contexts=contexts))
    inv.line(f'Context "{name}" renamed to "{new}".')


@options.verb(
    examples="""
# No context is current any more: the default store is used
mastractl config unset current-context

# A context without a namespace of its own
mastractl config unset contexts.kitchen.namespace
"""
)
def unset(
    inv: Invocation,
    *,
    field: Annotated[
        str,
        options.argument(
            metavar="PROPERTY",
            help="current-context, contexts.NAME, or store, namespace or options of contexts.NAME.",
        ),
    ],
) -> None:
    """Forget one value of your configuration file."""
    user = config.read_user_config(inv.process.environ)
    config.write_user_config(_without(user, field))
    inv.line(f'Property "{field}" unset.')


def _without(user: config.UserConfig, field: str) -> config.UserConfig:
    """The configuration without one value. Raises UsageError for what is none, ConfigError for no context."""
    if field == "current-context":
        return user._replace(current="")
    head, _, rest = field.partition(".")
    name, dot, key = rest.rpartition(".")
    if rest in user.contexts or not dot or key not in {"store", "namespace", "options"}:
        name, key = rest, ""
    if head != "contexts" or not name:
        message = f"{field!r} is no property of the configuration"
        hint = "current-context, contexts.NAME, or store, namespace or options of contexts.NAME"
        raise errors.UsageError(message, hint=hint)
    context = user.context(name, said="the argument")
    contexts = {n: c for n, c in user.contexts.items() if n != name}
    if key:
        changed = {
            "store": context._replace(store="", options={}),
            "namespace": context._replace(namespace=""),
            "options": context._replace(options={}),
        }
        return user._replace(contexts={**user.contexts, name: changed[key]})
    return user._replace(contexts=contexts, current="" if user.current == name else user.current)


def _with(before: Mapping[str, str], said: Sequence[str], directory: str) -> dict[str, str]:
    """The options after what --option said. Raises UsageError for what is none."""
    after = dict(before)
    for word in said:
        name, equals, value = word.partition("=")
        if not equals:
            name, value = name.removesuffix("-"), ""
        if name not in storeurl.OPTIONS or not (value or word == f"{name}-"):
            known = ", ".join(storeurl.OPTIONS)
            message = f"--option {name}: it is written NAME=VALUE or NAME-, and the names are {known}"
            raise errors.UsageError(message)
        after.pop(name, None)
        if value:
            after[name] = storeurl.absolute_option(name, value, directory)
    return after


def _which(user: config.UserConfig, name: str, *, current: bool) -> str:
    """The context that is meant, by its name or as the current one."""
    if bool(name) == current:
        message = "name a context or say --current, one of the two"
        raise errors.UsageError(message)
    if current and not user.current:
        message = "no context is current"
        raise errors.ConfigError(message, hint="`mastractl config use-context NAME` chooses one")
    return name or user.current


def _yaml(document: JsonObject) -> str:
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - few ask for it

    return yamltext.dump(document)


app = options.group(
    help="Show and change the settings: contexts, stores, namespaces.",
    verbs={
        "view": view,
        "get-contexts": get_contexts,
        "current-context": current_context,
        "use-context": use_context,
        "set-context": set_context,
        "rename-context": rename_context,
        "delete-context": delete_context,
        "unset": unset,
    },
)
