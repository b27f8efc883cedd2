"""One run of one verb: what it was asked, what it works on, where it speaks.

A verb gets an `Invocation` and needs nothing else: the settings in force, the store (opened when first
asked for, closed at the end, its problems told once), the kinds, the namespace, the streams, the colour
decision and the reporter of what goes wrong.
"""

from __future__ import annotations

import os.path
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from mastractl import config, errors
from mastractl.cli.process import is_tty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import TextIO

    from mastractl.cli.output import Reporter
    from mastractl.cli.process import Process
    from mastractl.clock import Clock
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.resource import Resource
    from mastractl.store import StateStore


class Surroundings(NamedTuple):
    """What the entry hands every command."""

    process: Process
    reporter: Reporter


class GlobalFlags(NamedTuple):
    """The global flags, wherever on the command line they stood."""

    store: str = ""
    context: str = ""
    namespace: str = ""
    color: str = ""
    quiet: bool = False
    verbose: int = 0
    show_secrets: bool = False
    request_timeout: str = ""

    @classmethod
    def joined(cls, said: Sequence[Mapping[str, Any]]) -> GlobalFlags:
        """Join what was said in several places, the nearest to the verb first: it wins, but `-v`s add up."""

        def nearest(name: str) -> str:
            return next((s[name] for s in said if s.get(name)), "")

        return cls(
            store=nearest("store"),
            context=nearest("context"),
            namespace=nearest("namespace"),
            color=nearest("color") or ("never" if any(s.get("no_color") for s in said) else ""),
            quiet=any(s.get("quiet") for s in said),
            verbose=sum(s.get("verbose") or 0 for s in said),
            show_secrets=any(s.get("show_secrets") for s in said),
            request_timeout=nearest("request_timeout"),
        )


class Invocation:
    """One run of one verb. Used as a context manager; leaving it closes the store."""

    def __init__(self, surroundings: Surroundings, flags: GlobalFlags) -> None:
        self.process = surroundings.process
        self.reporter = surroundings.reporter
        self.flags = flags
        self._began = surroundings.process.clock.monotonic()
        self._store: StateStore | None = None
        self.new_store = False
        """Whether `--store` named a path where nothing was: perhaps not the one that was meant."""
        self._when = config.color(flags.color, self.process.environ)
        if flags.request_timeout:  # kubectl's: a store answers at once, so there is nothing to cut short
            from mastractl.cli import durations  # noqa: PLC0415 - scripts written for kubectl say it

            durations.seconds(flags.request_timeout, flag="--request-timeout")
        self.reporter.quiet = flags.quiet
        self.reporter.color = self.color(self.process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            if self.flags.verbose > 1:
                took = (self.clock.monotonic() - self._began) * 1000
                self.verbose(f"store at revision {self._store.engine.revision()}; {took:.0f} ms", level=2)
            self._store.close()

    @property
    def clock(self) -> Clock:
        """The time, for ages and timeouts."""
        return self.process.clock

    @property
    def stdout(self) -> TextIO:
        """Where data goes."""
        return self.process.stdout

    @cached_property
    def settings(self) -> config.Settings:
        """Store, namespace and context, each with its origin. Raises ConfigError."""
        flags = config.Flags(
            store=self.flags.store, namespace=self.flags.namespace, context=self.flags.context
        )
        found = config.load(
            flags, environ=self.process.environ, directory=self.process.directory, read_yaml=read_yaml
        )
        self.reporter.store = found.store.value
        for name in ("context", "store", "namespace"):
            setting: config.Setting = getattr(found, name)
            if setting.value and self.flags.verbose:
                from mastractl.engines.opening import mask  # noqa: PLC0415 - for people who ask only

                self.verbose(f"{name}: {mask(setting.value)} ({setting.origin})")
        return found

    @property
    def store_shown(self) -> str:
        """Which store is in force, as it may be shown."""
        from mastractl.engines.masking import mask  # noqa: PLC0415 - for messages only

        return mask(self.settings.store.value)

    @property
    def store(self) -> StateStore:
        """The store, opened at first use; what is wrong in it is told then, once."""
        if self._store is None:
            self._store = self._open()
        return self._store

    @property
    def kinds(self) -> KindRegistry:
        """The kinds of this store: bundled ones and those its definitions add."""
        return self.store.kinds

    @cached_property
    def namespace(self) -> str:
        """The namespace in force. Raises UsageError where it is no possible name."""
        from mastractl.resources import names  # noqa: PLC0415 - not every verb has a namespace

        setting = self.settings.namespace
        if problem := names.namespace_problem(setting.value):
            message = f"namespace {setting.value!r} ({setting.origin}): {problem}"
            raise errors.UsageError(message)
        return setting.value

    @property
    def namespace_given(self) -> bool:
        """Whether the command line named the namespace: a manifest must then not name another."""
        return bool(self.flags.namespace)

    def scope(self, *, all_namespaces: bool) -> str | None:
        """The namespace to list in; None for all of them."""
        return None if all_namespaces else self.namespace

    def color(self, stream: TextIO) -> bool:
        """Whether to colour what goes to a stream."""
        return self._when == "always" or (self._when == "auto" and is_tty(stream))

    def masked(self, resource: Resource) -> Resource:
        """The resource as it may be shown: its sensitive values masked, unless --show-secrets was said."""
        if self.flags.show_secrets:
            return resource
        from mastractl.cli.printers.masking import masked  # noqa: PLC0415 - printers do this by themselves

        return masked(resource, self.kinds)

    def masked_pair(self, before: Resource | None, after: Resource) -> tuple[Resource | None, Resource]:
        """Two states of a resource as they may be shown; a sensitive value that differs says that it does."""
        kind = self.kinds.find(after.group, after.kind)
        if before is None or kind is None or self.flags.show_secrets:
            return before and self.masked(before), self.masked(after)
        from mastractl.resources import resource, sensitive  # noqa: PLC0415 - for differences only

        first, second = sensitive.masked_pair(kind, before.document, after.document)
        return resource.Resource(first), resource.Resource(second)

    def expect_output(self, form: str | None) -> None:
        """Tell the reporter which `-o` was asked for: with json, errors are JSON as well."""
        self.reporter.as_json = form == "json"

    def write(self, text: str) -> None:
        """Write data to standard output as it stands."""
        self.process.stdout.write(text)

    def line(self, text: str = "") -> None:
        """Write one line of data."""
        self.process.stdout.write(text + "\n")

    def note(self, text: str, *, hint: str = "") -> None:
        """Say something on standard error that nobody need act on; `-q` drops it."""
        self.reporter.note(text, hint=hint)

    def warn(self, message: str, *, hint: str = "") -> None:
        """Warn on standard error; `-q` drops it."""
        self.reporter.warn(message, hint=hint)

    def fail(self, error: errors.MastraError) -> None:
        """Report a failure and go on; it decides the exit code at the end."""
        self.reporter.fail(error)

    def verbose(self, text: str, *, level: int = 1) -> None:
        """Say what is being done, if asked to by that many `-v`."""
        if self.flags.verbose >= level:
            self.reporter.note(text)

    def confirm(self, question: str) -> bool:
        """Ask a person, yes or no; anything but yes is no. Raises UsageError where nobody can answer."""
        if not is_tty(self.process.stdin):
            message = "cannot ask for confirmation: standard input is not a terminal"
            raise errors.UsageError(message, hint="leave out --interactive to go ahead without asking")
        self.process.stderr.write(f"{question} (y/n): ")
        self.process.stderr.flush()
        return self.process.stdin.readline().strip().lower() in {"y", "yes"}

    def _open(self) -> StateStore:
        from mastractl.store.faces import create_state_store  # noqa: PLC0415 - help and validate need no store

        place = self.settings.store.value
        if self.flags.store:
            from mastractl.cli.whereabouts import directory_of  # noqa: PLC0415 - only where a store is named

            path = directory_of(place)
            self.new_store = bool(path) and not os.path.exists(path)  # noqa: PTH110 - see config
        store = create_state_store(place, clock=self.clock)
        for problem in store.notable():
            self.warn(f"{problem.location}: {problem.message}", hint=problem.hint)
        return store


def read_yaml(text: str) -> Any:
    """The one YAML document of a text, None if there is none. Raises ManifestError."""
    from mastractl.manifests import yamldoc  # noqa: PLC0415 - only a project file needs it

    return yamldoc.load_one(text)
