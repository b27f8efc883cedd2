"""Which store, which namespace: settings, and for each of them where it was said.

What is said nearer wins: a flag, then a `MASTRACTL_*` variable, then the project file `.mastractl.yaml`
found upwards from the working directory, then the current context of the user's configuration, then the
default. A context is a store together with a namespace. Chosen by name (by flag, variable or project
file) it counts as if its store and namespace had been said in that place; the *current* context counts
only when nothing nearer names a store, because its namespace belongs to its own store.

User configuration (JSON, `MASTRACTL_CONFIG` or the platform's configuration directory):

    {"current-context": "kitchen",
     "contexts": {"kitchen": {"store": "file:///srv/kitchen", "namespace": "cooking",
                              "options": {"retry": 5, "encrypt": "env:KITCHEN_KEY"}}}}

A context's options are those that its store's URL could carry as well (`storeurl.OPTIONS`); everywhere
else they are said in the URL. Project file: `store`, `namespace`, `context`. Relative paths, those of
options too, are relative to the file that says them. Unknown keys are errors: a misspelt `namespace`
must not send an apply elsewhere.

This room stands below the one that reads YAML, so the reader is handed in and called only if there is a
project file.
"""

from __future__ import annotations

import os
import os.path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mastractl import errors, storeurl, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# ruff: noqa: PTH103, PTH105, PTH108, PTH111, PTH113, PTH118, PTH120, PTH123 - pathlib costs its import
# ruff: noqa: PLC0415 - what is imported within a function costs more than most runs need to pay

PROJECT_FILE = ".mastractl.yaml"
DEFAULT_NAMESPACE = "default"

When = Literal["auto", "always", "never"]
_WHEN: dict[str, When] = {"auto": "auto", "always": "always", "never": "never"}


class Setting(NamedTuple):
    """A value and where it was said: `flag --store`, `MASTRACTL_STORE`, a file, `default`."""

    value: str
    origin: str


class Context(NamedTuple):
    """A named pair of store and namespace; either may be "" for the default.

    `options` are put around the store, and are none without one.
    """

    name: str
    store: str = ""
    namespace: str = ""
    options: Mapping[str, str] = {}

    @property
    def url(self) -> str:
        """The store with its options."""
        return storeurl.with_options(self.store, self.options)


class UserConfig(NamedTuple):
    """The user's configuration file. One that does not exist reads as empty."""

    path: str
    current: str = ""
    contexts: Mapping[str, Context] = {}

    def context(self, name: str, *, said: str) -> Context:
        """The context of that name. Raises ConfigError, naming the nearest there is."""
        if name in self.contexts:
            return self.contexts[name]
        from mastractl import spelling

        hint = (
            spelling.hint(name, self.contexts)
            or "`mastractl config get-contexts` lists the contexts there are"
        )
        message = f"no context named {name!r} ({said}) in {self.path}"
        raise errors.ConfigError(message, hint=hint)


class Settings(NamedTuple):
    """What a run goes by. `context` is "" when none is in force; `project_file` "" when there is none."""

    store: Setting
    namespace: Setting
    context: Setting
    project_file: str = ""


class Flags(NamedTuple):
    """What the command line said; "" where it said nothing."""

    store: str = ""
    namespace: str = ""
    context: str = ""


def environment() -> Mapping[str, str]:
    """The environment of the process we are in: the only place that looks at it."""
    return os.environ  # noqa: TID251 - this is the room that reads it


def debugging(environ: Mapping[str, str]) -> bool:
    """Whether tracebacks are wanted: `MASTRACTL_DEBUG` is set to anything but "" and "0"."""
    return environ.get("MASTRACTL_DEBUG", "") not in {"", "0"}


def color(flag: str, environ: Mapping[str, str]) -> When:
    """When to use colour: the flag, `MASTRACTL_COLOR`, `NO_COLOR`, `FORCE_COLOR` or `CLICOLOR_FORCE`,
    `CLICOLOR=0`, `TERM=dumb`, else auto.

    Raises ConfigError for a word that is none of auto, always and never.
    """
    if said := flag or environ.get("MASTRACTL_COLOR", ""):
        if said in _WHEN:
            return _WHEN[said]
        message = f"MASTRACTL_COLOR is {said!r}: it must be auto, always or never"
        raise errors.ConfigError(message)
    if environ.get("NO_COLOR"):
        return "never"
    if any(environ.get(name, "") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return "always"
    return "never" if environ.get("TERM") == "dumb" or environ.get("CLICOLOR") == "0" else "auto"


def load(
    flags: Flags,
    *,
    environ: Mapping[str, str],
    directory: str,
    read_yaml: Callable[[str], Any],
) -> Settings:
    """The settings in force.

    `read_yaml` reads the one document of a text and raises errors.ManifestError with a line. Raises
    ConfigError for a file or a context that cannot be used.
    """
    store: Setting | None = None
    namespace: Setting | None = None
    context: Setting | None = None
    project_file = ""
    for layer in _layers(flags, environ=environ, directory=directory, read_yaml=read_yaml):
        project_file = layer.file or project_file
        chosen: Context | None = None
        if layer.context and context is None:
            chosen = read_user_config(environ).context(layer.context, said=layer.origin("context"))
            context = Setting(value=layer.context, origin=layer.origin("context"))
        store = store or layer.setting("store", chosen)
        namespace = namespace or layer.setting("namespace", chosen)
    if store is None and context is None:
        user = read_user_config(environ)
        if user.current:
            layer = _Layer(named=user.path, context=user.current)
            chosen = user.context(user.current, said="current-context")
            context = Setting(value=user.current, origin=user.path)
            store = layer.setting("store", chosen)
            namespace = namespace or layer.setting("namespace", chosen)
    return Settings(
        store=store or Setting(value=default_store(), origin="default"),
        namespace=namespace or Setting(value=DEFAULT_NAMESPACE, origin="default"),
        context=context or Setting(value="", origin="default"),
        project_file=project_file,
    )


def default_store() -> str:
    """The store of whoever names none: in the platform's directory for user data."""
    import platformdirs

    return os.path.join(platformdirs.user_data_dir("mastractl", appauthor=False), "store")


def user_config_path(environ: Mapping[str, str]) -> str:
    """Where the user's configuration lives, whether or not it exists."""
    if said := environ.get("MASTRACTL_CONFIG"):
        return at_home(said)
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("mastractl", appauthor=False), "config.json")


def read_user_config(environ: Mapping[str, str]) -> UserConfig:
    """The user's configuration. Raises ConfigError with file and line where it cannot be used."""
    path = user_config_path(environ)
    text = _read(path)
    if text is None:
        return UserConfig(path=path)
    import json

    try:
        document = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise _bad(path, error.lineno, f"not JSON: {error.msg} (column {error.colno})") from error
    checker = _Checker(path, text)
    checker.object(document, known=("current-context", "contexts"))
    contexts = {}
    for name, entry in checker.object(document.get("contexts", {}), at="contexts").items():
        checker.object(entry, known=("store", "namespace", "options"), at=name)
        contexts[name] = Context(
            name=name,
            store=absolute_store(checker.text(entry, "store"), os.path.dirname(path)),
            namespace=checker.text(entry, "namespace"),
            options=checker.options(entry, name, os.path.dirname(path)),
        )
    return UserConfig(path=path, current=checker.text(document, "current-context"), contexts=contexts)


def write_user_config(user: UserConfig) -> None:
    """Replace the user's configuration file as a whole, readable by its owner only.

    A reader sees the old file or the new one. Raises ConfigError where it cannot be written.
    """
    document = {
        "current-context": user.current,
        "contexts": {
            c.name: {
                k: v
                for k, v in (("store", c.store), ("namespace", c.namespace), ("options", dict(c.options)))
                if v
            }
            for c in user.contexts.values()
        },
    }
    path = os.path.realpath(user.path)  # a link to a dot-file repository stays a link
    try:
        _replace(path, values.pretty(document))
    except OSError as error:
        message = f"cannot write {user.path}: {error.strerror}"
        raise errors.ConfigError(message) from error


def _replace(path: str, text: str) -> None:
    import tempfile

    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".config")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def absolute_store(store: str, directory: str) -> str:
    """A store as a path or URL that means the same from every directory; "" stays ""."""
    if not store:
        return ""
    if storeurl.scheme(store):
        return storeurl.absolute(store, directory)
    if "://" in store:  # a URL that was spoilt: it is refused, and its secrets must not become a path
        return store
    return os.path.normpath(os.path.join(directory, at_home(store)))


def find_project_file(directory: str) -> str:
    """The `.mastractl.yaml` of this directory or the nearest one above that has one; "" if none has."""
    while True:
        path = os.path.join(directory, PROJECT_FILE)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(directory)
        if above == directory:
            return ""
        directory = above


def at_home(path: str) -> str:
    """The path with a leading `~` made a directory."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        message = f"{path}: there is no such home directory"
        raise errors.ConfigError(message)
    return expanded


class _Layer(NamedTuple):
    """One place that may say things."""

    named: str
    store: str = ""
    namespace: str = ""
    context: str = ""
    file: str = ""

    def origin(self, key: str) -> str:
        """`flag --store`, `MASTRACTL_STORE`, or the file itself."""
        if self.named == "flag":
            return f"flag --{key}"
        return f"MASTRACTL_{key.upper()}" if self.named == "environment" else self.named

    def setting(self, key: Literal["store", "namespace"], chosen: Context | None) -> Setting | None:
        """What this place says of `key`: itself, or by the context it chose."""
        own: str = getattr(self, key)
        if own:
            return Setting(value=own, origin=self.origin(key))
        through = "" if chosen is None else (chosen.url if key == "store" else chosen.namespace)
        if not through:
            return None
        return Setting(value=through, origin=f"context {self.context!r} ({self.origin('context')})")


def _layers(
    flags: Flags, *, environ: Mapping[str, str], directory: str, read_yaml: Callable[[str], Any]
) -> Iterator[_Layer]:
    """The places in the order in which they win."""
    yield _Layer(
        named="flag",
        store=absolute_store(flags.store, directory),
        namespace=flags.namespace,
        context=flags.context,
    )
    yield _Layer(
        named="environment",
        store=absolute_store(environ.get("MASTRACTL_STORE", ""), directory),
        namespace=environ.get("MASTRACTL_NAMESPACE", ""),
        context=environ.get("MASTRACTL_CONTEXT", ""),
    )
    if path := find_project_file(directory):
        yield _project_layer(path, read_yaml)


def _project_layer(path: str, read_yaml: Callable[[str], Any]) -> _Layer:
    text = _read(path) or ""
    try:
        document = read_yaml(text)
    except errors.ManifestError as error:
        raise _bad(path, error.line, error.message, hint=error.hint) from error
    if document is None:
        document = {}
    checker = _Checker(path, text)
    checker.object(document, known=("store", "namespace", "context"))
    return _Layer(
        named=path,
        file=path,
        store=absolute_store(checker.text(document, "store"), os.path.dirname(path)),
        namespace=checker.text(document, "namespace"),
        context=checker.text(document, "context"),
    )


class _Checker:
    """Says file and line when a configuration document has the wrong shape."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def object(self, value: Any, *, at: str = "", known: tuple[str, ...] = ()) -> values.JsonObject:
        """The value as an object. With `known`, every key must be one of these."""
        if not isinstance(value, dict):
            where = f"{at!r}" if at else "the file"
            raise self.bad(at, f"{where} must hold a mapping, not {_sort(value)}")
        for key in value if known else ():
            if key not in known:
                from mastractl import spelling

                hint = spelling.hint(key, known) or f"known keys: {', '.join(known)}"
                raise self.bad(key, f"unknown key {key!r}", hint=hint)
        return value

    def text(self, document: values.JsonObject, key: str) -> str:
        """The text under a key; "" where there is none."""
        value = document.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        raise self.bad(key, f"{key!r} must be text, not {_sort(value)}")

    def options(self, entry: values.JsonObject, name: str, directory: str) -> dict[str, str]:
        """The options of a context, by name, their relative paths from the directory on."""
        given = self.object(entry.get("options", {}), known=storeurl.OPTIONS, at="options")
        if given and not entry.get("store"):
            hint = "options are put around a store: say which, or leave them out"
            message = f"the context {name!r} has options and no store"
            fault = self.bad("options", message, hint=hint)
            raise fault
        found = {}
        for option, value in given.items():
            if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
                raise self.bad(option, f"{option!r} must be text or a number, not {_sort(value)}")
            found[option] = storeurl.absolute_option(option, str(value), directory)
        return found

    def bad(self, key: str, message: str, *, hint: str = "") -> errors.ConfigError:
        """The error, at the first line that mentions the key."""
        line = next((n for n, text in enumerate(self.lines, 1) if key in text), 1)
        return _bad(self.path, line, message, hint=hint)


def _sort(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    names = {dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")


def _read(path: str) -> str | None:
    """The text of a file, None if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text"
        raise errors.ConfigError(message) from error
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise errors.ConfigError(message) from error


def _bad(path: str, line: int, message: str, *, hint: str = "") -> errors.ConfigError:
    return errors.ConfigError(f"{path}:{max(line, 1)}: {message}", hint=hint)
