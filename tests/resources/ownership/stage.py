"""A stage for the ownership tests: one schema with every sort of field, and short ways to play on it."""

from __future__ import annotations

from mastractl.resources.ownership.owning import apply, update

TEXT = {"type": "string"}
COUNT = {"type": "integer"}
TOOL = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "ref": {"type": "object", "properties": {"name": TEXT, "namespace": TEXT}},
        "limit": COUNT,
        "tags": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
    },
}
PORT = {
    "type": "object",
    "properties": {"port": COUNT, "protocol": TEXT | {"default": "TCP"}, "label": TEXT},
}
SCHEMA = {
    "type": "object",
    "properties": {
        "apiVersion": TEXT,
        "kind": TEXT,
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "properties": {
                "text": TEXT,
                "count": COUNT,
                "either": {"x-kubernetes-int-or-string": True},
                "nothing": TEXT | {"nullable": True},
                "model": {"type": "object", "properties": {"name": TEXT, "provider": TEXT}},
                "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": TEXT},
                "words": {"type": "object", "nullable": True, "additionalProperties": TEXT},
                "groups": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"size": COUNT, "text": TEXT}},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "any": {"x-kubernetes-preserve-unknown-fields": True},
                "plain": {"type": "array", "items": TEXT},
                "names": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
                "counts": {"type": "array", "items": COUNT, "x-kubernetes-list-type": "set"},
                "tools": {
                    "type": "array",
                    "items": TOOL,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                },
                "ports": {
                    "type": "array",
                    "items": PORT,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["port", "protocol"],
                },
                "inner": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
            },
        },
        "status": {"type": "object", "properties": {"phase": TEXT}},
    },
}


def doc(spec=None, *, metadata=None, status=None, version="mastra.ai/v1"):
    out = {"apiVersion": version, "kind": "Thing", "metadata": {"name": "x", **(metadata or {})}}
    if spec is not None:
        out["spec"] = spec
    if status is not None:
        out["status"] = status
    return out


class Stage:
    """A resource, those who own it, and what they do to it; the clock ticks with every act."""

    def __init__(self, schema=SCHEMA):
        self.schema = schema
        self.live = None
        self.managers = ()
        self.second = 0

    @property
    def now(self):
        return f"2026-01-01T00:{self.second // 60:02}:{self.second % 60:02}Z"

    def keep(self, owned):
        self.live, self.managers = owned
        return self

    def apply(self, manager, spec, *, force=False, subresource="", **rest):
        self.second += 1
        given = spec if spec and "kind" in spec else doc(spec, **rest)
        return self.keep(
            apply(
                self.live,
                self.managers,
                given,
                self.schema,
                manager=manager,
                now=self.now,
                force=force,
                subresource=subresource,
            )
        )

    def update(self, manager, spec, *, subresource="", **rest):
        self.second += 1
        after = spec if spec and "kind" in spec else doc(spec, **rest)
        return self.keep(
            update(
                self.live,
                self.managers,
                after,
                self.schema,
                manager=manager,
                now=self.now,
                subresource=subresource,
            )
        )

    @property
    def spec(self):
        return self.live.get("spec")

    def entry(self, name, operation="Apply", subresource=""):
        found = [
            m for m in self.managers if (m.name, m.operation, m.subresource) == (name, operation, subresource)
        ]
        return found[0] if found else None

    def owns(self, name, operation="Apply", subresource=""):
        """The fields of a manager below spec, as fieldsV1; {} if it owns nothing."""
        entry = self.entry(name, operation, subresource)
        return entry.fields.to_json().get("f:spec", {}) if entry else {}
