"""What could come next on a command line: the answer to `mastractl __complete WORD...`.

Commands and flags come from the table and the commands' own declarations; types, names, namespaces and
contexts from where they live. A store that cannot be opened offers nothing; completion never complains.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mastractl import config, errors
from mastractl.cli import invocation, options, plugins
from mastractl.cli.parameters import Flag
from mastractl.cli.shells import FILES, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mastractl.cli.invocation import Invocation, Surroundings
    from mastractl.cli.parameters import Parameter
    from mastractl.cli.process import Process

    Candidates = Iterable[tuple[str, str]]

_ON_TYPES = frozenset(
    {
        *("get", "describe", "delete", "watch", "wait", "tree", "graph"),
        *("edit", "patch", "label", "annotate", "scale", "rollout"),
    }
)
_SEVERAL_TYPES = frozenset({"watch"})
_FILES_OF = frozenset({"filename", "instructions_file", "patch_file", "schema_dir", "store"})
_FORMATS = ("json", "yaml", "name", "wide", "table", "jsonpath=", "custom-columns=")
_GOALS = ("condition=", "jsonpath=", "create", "delete")


class Table(NamedTuple):
    """The commands there are: each one's line of help, and how to get at its declaration."""

    help: Mapping[str, str]
    load: Callable[[str], options.Verb | options.Group]


@dataclass(slots=True)
class _Line:
    """A command line up to the word being typed: the command, what its flags were given, the arguments."""

    path: list[str] = field(default_factory=list)
    declared: options.Verb | options.Group | None = None
    given: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    asking: Parameter | None = None
    """The flag whose value is being typed."""

    def flags(self) -> dict[str, Parameter]:
        """Every flag that may stand here, by each of its spellings."""
        found: Sequence[Parameter] = ()
        if self.declared is None:
            found = options.GLOBALS
        elif isinstance(self.declared, options.Verb):
            found = self.declared.parameters
        shown = [p for p in found if isinstance(p.declared, Flag) and not p.declared.hidden]
        return {o: p for p in shown for o in (*p.opts, *p.secondary_opts)}


def run(words: Sequence[str], table: Table, surroundings: Surroundings) -> int:
    """Print the candidates for the last of the words, one a line with a word of help; always 0."""
    *before, typed = words or [""]
    line = _read(before, table)
    if line.declared is None and line.arguments:
        return _of_plugin([*line.arguments, typed], surroundings.process)
    flags = invocation.GlobalFlags(
        store=line.given.get("store", ""),
        context=line.given.get("context", ""),
        namespace=line.given.get("namespace", ""),
        quiet=True,
    )
    with invocation.Invocation(surroundings, flags) as inv:
        for value, help_text in _Completer(inv, line, table).candidates(typed):
            inv.line(value if value == FILES else f"{value}\t{help_text}")
    return 0


def _read(words: Sequence[str], table: Table) -> _Line:
    """Follow the words as the reader would."""
    line = _Line()
    left = list(words)
    while left:
        word = left.pop(0)
        if word.startswith("-") and len(word) > 1:
            name, equals, value = word.partition("=")
            flag = line.flags().get(name)
            if flag is None or not flag.takes_value:
                continue
            if not equals and not left:
                line.asking = flag
            else:
                line.given[flag.name] = value if equals else left.pop(0)
        elif line.declared is None and word in table.help:
            line.path.append(word)
            line.declared = table.load(word)
        elif line.declared is not None and len(line.path) == 1 and word in line.declared.verbs:
            line.path.append(word)
            line.declared = line.declared.verbs[word]
        else:
            line.arguments.append(word)
    return line


def _of_plugin(words: Sequence[str], process: Process) -> int:
    """Print what the completer of a plugin offers, kubectl's way: a program `mastractl_complete-foo`."""
    found = plugins.find(words[:-1], process, prefix=plugins.COMPLETER)
    if found is None:
        return 0
    import subprocess  # noqa: PLC0415 - few plugins have one

    path, count = found
    done = subprocess.run([path, *words[count:]], env=dict(process.environ), capture_output=True, check=False)  # noqa: S603
    for line in done.stdout.decode(errors="replace").splitlines():
        if line == FILES or not line.startswith(":"):  # `:4` is a directive of kubectl's
            process.stdout.write(f"{line}\n")
    return 0


class _Completer:
    """Offers what fits at the end of one line."""

    def __init__(self, inv: Invocation, line: _Line, table: Table) -> None:
        self._inv = inv
        self._line = line
        self._table = table

    def candidates(self, typed: str) -> Candidates:
        """The candidates that begin with what is typed."""
        prefix = ""
        if self._line.asking is not None:
            offers = self._value_of(self._line.asking)
        elif typed.startswith("--") and "=" in typed:
            prefix, _, typed = typed.partition("=")
            prefix += "="
            flag = self._line.flags().get(prefix[:-1])
            offers = self._value_of(flag) if flag is not None else ()
        elif typed.startswith("-"):
            offers = self._flags()
        else:
            offers = self._words(typed)
        for value, help_text in offers:
            if value == FILES or value.startswith(typed):
                yield value if value == FILES else prefix + value, help_text

    def _flags(self) -> Candidates:
        for name, flag in self._line.flags().items():
            if name.startswith("--"):
                yield name + ("=" if flag.takes_value else ""), flag.declared.help
        yield "--help", "Show this message and exit."

    def _value_of(self, flag: Parameter) -> Candidates:
        """What may be the value of a flag."""
        offers: Mapping[str, Callable[[], Candidates]] = {
            "namespace": self._namespaces,
            "context": self._contexts,
            "output": lambda: ((f, "") for f in _FORMATS),
            "set_name": self._sets,
            "goal": lambda: ((g, "") for g in _GOALS),
        }
        if flag.name == "about":
            return ((f"{word}/", text) for word, text in self._types())
        if flag.name in _FILES_OF:
            return ((FILES, ""),)
        if flag.choices:
            return ((choice, "") for choice in flag.choices if choice)
        return offers.get(flag.name, tuple)()

    def _words(self, typed: str) -> Candidates:
        """What may be the next argument."""
        path = self._line.path
        declared = self._line.declared
        if not isinstance(declared, options.Verb) or (declared.verbs and not self._line.arguments):
            return () if self._line.arguments else self._commands()
        if path[0] in _ON_TYPES:
            return self._resources(path[0], typed)
        if path[-1].endswith(("-context", "-contexts")):
            return self._contexts()
        if path[-1] == "unset":
            contexts = [f"contexts.{name}" for name, _ in self._contexts()]
            keys = [f"{context}.{key}" for context in contexts for key in ("store", "namespace")]
            return ((name, "") for name in ("current-context", *contexts, *keys))
        if path[0] == "store":
            return self._stores(path[-1])
        offers: Mapping[str, Callable[[], Candidates]] = {
            "completion": lambda: ((shell, "") for shell in SCRIPTS),
            "explain": lambda: self._fields(typed),
            "fmt": lambda: ((FILES, ""),),
            "help": self._words_of_help,
            "validate": lambda: ((FILES, ""),),
        }
        return offers.get(path[0], tuple)()

    def _commands(self) -> Candidates:
        if self._line.declared is not None:
            verbs = self._line.declared.verbs
            return ((name, verb.summary) for name, verb in verbs.items())
        found = plugins.on_path(self._inv.process)
        own = [(p.words[0], p.path) for p in found if p.executable and p.words[0] not in self._table.help]
        return [*self._table.help.items(), *dict(own).items()]

    def _words_of_help(self) -> Candidates:
        """The commands, and after a group its verbs."""
        arguments = self._line.arguments
        if not arguments:
            return self._table.help.items()
        declared = self._table.load(arguments[0]) if arguments[0] in self._table.help else None
        if len(arguments) > 1 or not isinstance(declared, options.Group):
            return ()
        return ((name, verb.summary) for name, verb in declared.verbs.items())

    def _contexts(self) -> Candidates:
        try:
            user = config.read_user_config(self._inv.process.environ)
        except errors.ConfigError:
            return ()
        from mastractl.engines.opening import mask  # noqa: PLC0415 - engines are not needed to start

        return ((name, mask(context.store)) for name, context in sorted(user.contexts.items()))

    def _stores(self, verb: str) -> Candidates:
        """Contexts and paths, for the verbs that name stores; files, for those that name a backup."""
        contexts = self._contexts() if verb == "copy" else ()
        return (*contexts, (FILES, "")) if verb in {"copy", "backup", "restore"} else ()

    def _sets(self) -> Candidates:
        try:
            sets = self._inv.store.sets()
        except errors.MastraError:
            return ()
        return ((name, f"{len(members)} members") for name, members in sorted(sets.items()))

    def _namespaces(self) -> Candidates:
        try:
            store = self._inv.store
            listed = store.list_all([kind for kind in store.kinds if kind.namespaced])
        except errors.MastraError:
            return ()
        return ((name, "") for name in sorted({r.namespace for r in listed.items}))

    def _types(self, before: str = "") -> Candidates:
        try:
            kinds = sorted(self._inv.kinds, key=lambda k: k.plural)
        except errors.MastraError:
            return ()
        return ((before + kind.plural, kind.kind) for kind in kinds)

    def _resources(self, verb: str, typed: str) -> Candidates:
        """A type, another type after a comma, TYPE/NAME, or a name of the type said before."""
        arguments = self._line.arguments
        if "/" in typed:
            word = typed.partition("/")[0]
            return self._names(word, before=f"{word}/")
        if any("/" in a for a in arguments):
            return ((f"{word}/", text) for word, text in self._types())
        if not arguments or verb in _SEVERAL_TYPES:
            return self._types(typed[: typed.rfind(",") + 1])
        return ((n, h) for n, h in self._names(arguments[0]) if n not in arguments)

    def _names(self, word: str, *, before: str = "") -> Candidates:
        try:
            store = self._inv.store
            found = [
                r
                for kind in (store.resolve(w) for w in word.split(","))
                for r in store.list(kind, namespace=self._inv.namespace if kind.namespaced else None).items
            ]
        except errors.MastraError:
            return ()
        return ((before + r.name, r.kind) for r in found)

    def _fields(self, typed: str) -> Candidates:
        """The types, and after a dot the fields there are."""
        from mastractl.cli.printers import explain  # noqa: PLC0415 - reads schemas

        before = typed[: typed.rfind(".") + 1]
        if not before:
            return self._types()
        try:
            fields = explain.fields(explain.topic(before[:-1], self._inv.kinds))
        except errors.MastraError:
            return ()
        return ((before + name, type_name) for name, type_name in fields)
