"""Printers write to a stream of the test's own, at a time that stands still."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest

from mastractl.cli.printers.interface import PrintOptions, printer_for
from mastractl.clock import parse_rfc3339
from mastractl.resources.kinds import CLUSTER, NAMESPACED, Column, Kind, KindRegistry, Version
from mastractl.resources.resource import Resource
from mastractl.testing.clocks import FakeClock

NOW = parse_rfc3339("2026-11-21T09:00:00Z")

COLUMNS = (
    Column(name="Model", type="string", json_path=".spec.model.name"),
    Column(name="Status", type="string", json_path=".status.phase"),
    Column(name="Steps", type="integer", json_path=".spec.steps", priority=1),
    Column(name="Age", type="date", json_path=".metadata.creationTimestamp"),
)


def kind(name, *, scope=NAMESPACED, group="mastra.ai", columns=()):
    plural = f"{name.lower()}s"
    return Kind(
        group=group,
        kind=name,
        plural=plural,
        singular=name.lower(),
        list_kind=f"{name}List",
        scope=scope,
        versions=(Version(name="v1", schema={}, columns=columns),),
    )


def resource(name, *, kind="Agent", group="mastra.ai", namespace="cooking", age=300, labels=None, **document):
    created = {0: "2026-11-21T09:00:00Z", 300: "2026-11-21T08:55:00Z"}[age]
    metadata = {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": created}
    return Resource(
        {
            "apiVersion": f"{group}/v1",
            "kind": kind,
            "metadata": {key: value for key, value in metadata.items() if value},
            **document,
        }
    )


class Stream(io.StringIO):
    """Remembers what a reader of a pipe has seen."""

    seen = ""

    def flush(self):
        self.seen = self.getvalue()


@dataclass
class Printing:
    """`printing("wide", headers=False).list(a, b)` is the text of that list."""

    output: str = ""
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        registry = KindRegistry()
        registry.add(kind("Agent", columns=COLUMNS))
        registry.add(kind("Tool"))
        registry.add(kind("System", scope=CLUSTER))
        registry.add(kind("Recipe", group="example.com"))
        self.out = Stream()
        self.printer = printer_for(
            self.output,
            PrintOptions(out=self.out, kinds=registry, clock=FakeClock(NOW), **self.options),
        )

    def taken(self):
        text = self.out.getvalue()
        self.out.seek(0)
        self.out.truncate()
        return text

    def object(self, resource):
        self.printer.print_object(resource)
        return self.taken()

    def list(self, *resources, version="7"):
        self.printer.print_list(resources, version)
        return self.taken()

    def event(self, event_type, resource):
        self.printer.print_event(event_type, resource)
        return self.taken()

    def events(self, *events):
        self.printer.print_events(events)
        return self.taken()


@pytest.fixture
def printing():
    return lambda output="", **options: Printing(output, options)


@pytest.fixture(name="resource")
def resource_fixture():
    return resource
