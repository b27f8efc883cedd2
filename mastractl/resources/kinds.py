"""Kinds: what sorts of resources there are, by every name people call them.

A `Kind` is what a CustomResourceDefinition says, bundled or the user's own; there is no other model.
Schemas are loaded when first asked for, because `get` needs names and columns but no schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors
from mastractl.resources.resource import GROUP, split_api_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.values import JsonObject

    Places = tuple[tuple[str | None, ...], ...]

NAMESPACED = "Namespaced"
CLUSTER = "Cluster"


class Column(NamedTuple):
    """A printer column: `json_path` is kubectl's JSONPath; `priority` above 0 shows with `-o wide` only."""

    name: str
    type: str
    json_path: str
    format: str = ""
    description: str = ""
    priority: int = 0


class Version:
    """One version of a kind: its schema and what the schema leaves open.

    `schema` and `sensitive` may be given as functions that are called at most once.
    """

    def __init__(  # noqa: PLR0913 - the fields of a CRD version
        self,
        *,
        name: str,
        schema: JsonObject | Callable[[], JsonObject],
        served: bool = True,
        storage: bool = True,
        deprecation: str = "",
        columns: tuple[Column, ...] = (),
        status: bool = False,
        scale: JsonObject | None = None,
        selectable_fields: tuple[str, ...] = (),
        sensitive: Places | Callable[[], Places] = (),
    ) -> None:
        self.name = name
        self.served = served
        self.storage = storage
        self.deprecation = deprecation
        self.columns = columns
        self.status = status
        self.scale = scale
        self.selectable_fields = selectable_fields
        self.program: Any = None
        """The compiled schema: `structural.version_program` puts it here when it is first wanted."""
        self.rules: Any = None
        """The schema's rules: `cel_rules.version_rule_causes` puts them here when they are first wanted."""
        self.has_defaults: bool | None = None
        """Whether the schema has defaults: found out when it is first asked (`store.views`)."""
        self.part_program: Any = None
        """The same for some fields of a resource: `parts.part_program` puts it here."""
        self.mask: Any = None
        """The places in `sensitive` as a tree: `sensitive.masked` puts it here when it is first wanted."""
        self._schema = schema
        self._sensitive = sensitive

    @property
    def schema(self) -> JsonObject:
        """The openAPIV3Schema of the whole document."""
        if callable(self._schema):
            self._schema = self._schema()
        return self._schema

    @property
    def sensitive(self) -> Places:
        """Where sensitive values stand (`resources.sensitive`); None in a place is any item or key."""
        if callable(self._sensitive):
            self._sensitive = self._sensitive()
        return self._sensitive


class Kind(NamedTuple):
    """A sort of resource, as its definition describes it."""

    group: str
    kind: str
    plural: str
    singular: str
    list_kind: str
    scope: str
    versions: tuple[Version, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    bundled: bool = False
    asked: str = ""
    """The version in which somebody asked for its resources, as in `agents.v1.mastra.ai`; "" for none."""

    @property
    def namespaced(self) -> bool:
        """Whether its resources live in namespaces."""
        return self.scope == NAMESPACED

    @property
    def storage_version(self) -> Version:
        """The version in which resources are kept."""
        return next(v for v in self.versions if v.storage)

    @property
    def shown_version(self) -> Version:
        """The version in which resources are shown: the one asked for, else the storage version."""
        return (self.version(self.asked) if self.asked else None) or self.storage_version

    @property
    def api_version(self) -> str:
        """`mastra.ai/v1`, in the storage version."""
        return f"{self.group}/{self.storage_version.name}"

    @property
    def segment(self) -> str:
        """Its directory in a store: `agent`, and `<kind>.<group>` for kinds of other groups."""
        low = self.kind.lower()
        return low if self.group == GROUP else f"{low}.{self.group}"

    @property
    def qualified_singular(self) -> str:
        """`agent.mastra.ai`, as messages name one resource."""
        return f"{self.singular}.{self.group}"

    @property
    def qualified_plural(self) -> str:
        """`agents.mastra.ai`, as errors name the kind and as its definition is called."""
        return f"{self.plural}.{self.group}"

    @property
    def names(self) -> tuple[str, ...]:
        """Every unqualified name it answers to, lower case."""
        return (self.plural, self.singular, self.kind.lower(), *self.short_names)

    def version(self, name: str) -> Version | None:
        """The served version of that name."""
        return next((v for v in self.versions if v.name == name and v.served), None)


NAMESPACES = frozenset({"namespace", "namespaces", "ns"})
"""Words for a kind that there is not: namespaces are implicit."""


class KindRegistry:
    """The kinds known at one moment, found by any of their names.

    `parent` is asked for what is not here, so that the kinds of one manifest or one store stand over
    the bundled ones without copying them.
    """

    __slots__ = ("_aliases", "_kinds", "parent")

    def __init__(self, *, parent: KindRegistry | None = None) -> None:
        self.parent = parent
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._aliases: dict[tuple[str, str], Kind] = {}

    def add(self, kind: Kind, *, alias_groups: Iterable[str] = ()) -> None:
        """Make a kind known, replacing what had its group and kind. `alias_groups` name it as well."""
        self._kinds[kind.group, kind.kind] = kind
        for group in alias_groups:
            self._aliases[group, kind.kind] = kind

    def discard(self, group: str, kind: str) -> None:
        """Forget a kind; the parent's, if it has one of that name, shows again."""
        self._kinds.pop((group, kind), None)

    def __iter__(self) -> Iterator[Kind]:
        """Every kind once, the parent's first, in the order they were added."""
        if self.parent is not None:
            yield from (k for k in self.parent if (k.group, k.kind) not in self._kinds)
        yield from self._kinds.values()

    def find(self, group: str, kind: str) -> Kind | None:
        """The kind of that group and CamelCase name."""
        found = self._kinds.get((group, kind)) or self._aliases.get((group, kind))
        if found is None and self.parent is not None:
            return self.parent.find(group, kind)
        return found

    def find_api(self, api_version: str, kind: str) -> Kind | None:
        """The kind of a document's apiVersion and kind, whatever the version."""
        return self.find(split_api_version(api_version)[0], kind)

    def match(self, word: str) -> list[Kind]:
        """The kinds that answer to a word: name, short name, `name.group` or `name.version.group`.

        A bundled kind comes before another group's kind of the same name.
        """
        name, _, group = word.lower().partition(".")
        found = [
            k._replace(asked=_version_in(group, k))
            for k in self
            if name in k.names and (not group or group == k.group or _version_in(group, k))
        ]
        return sorted(found, key=lambda k: (k.group != GROUP, k.group))

    def resolve(self, word: str) -> Kind:
        """The kind that answers to a word. Raises UnknownKind with the nearest name there is."""
        found = self.match(word)
        if found:
            return found[0]
        from mastractl import spelling  # noqa: PLC0415 - for mistakes only

        names = sorted({n for k in self for n in (k.plural, k.singular, k.qualified_plural)})
        hint = spelling.hint(word, names) or "`mastractl api-resources` lists the types there are"
        if word.lower() in NAMESPACES:
            hint = "a namespace is there as soon as a resource is in it; -n names one, -A shows all"
        message = f"the store doesn't have a resource type {word!r}"
        raise errors.UnknownKind(message, hint=hint)

    def category(self, word: str) -> list[Kind]:
        """The kinds of a category such as `all`; empty if there is no such category."""
        return [k for k in self if word.lower() in k.categories]


def _version_in(rest: str, kind: Kind) -> str:
    """The version that `version.group` names, if it is one of the kind."""
    version, _, group = rest.partition(".")
    return version if group == kind.group and kind.version(version) is not None else ""
