"""Tables are laid out as kubectl's."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.cli.printers.layout import Layout, display_width


def lines(text):
    return dedent(text).removeprefix("\n")


@pytest.fixture
def cook(resource):
    return resource(
        "cook",
        labels={"app": "kitchen", "a.b/tier": "gold"},
        spec={"model": {"name": "gpt-4o"}, "steps": 5},
        status={"phase": "Running"},
    )


@pytest.fixture
def waiter(resource):
    return resource("head-waiter", age=0, namespace="hall", spec={"model": {"name": "o1"}})


def test_a_table(printing, cook, waiter):
    assert printing().list(cook, waiter) == lines("""
        NAME          MODEL    STATUS    AGE
        cook          gpt-4o   Running   5m
        head-waiter   o1                 0s
    """)


def test_wide(printing, cook, waiter):
    assert printing("wide").list(cook, waiter) == lines("""
        NAME          MODEL    STATUS    STEPS   AGE
        cook          gpt-4o   Running   5       5m
        head-waiter   o1                         0s
    """)


def test_all_namespaces(printing, cook, waiter):
    assert printing(all_namespaces=True).list(cook, waiter) == lines("""
        NAMESPACE   NAME          MODEL    STATUS    AGE
        cooking     cook          gpt-4o   Running   5m
        hall        head-waiter   o1                 0s
    """)


def test_without_headers(printing, cook):
    assert printing(headers=False).list(cook) == "cook   gpt-4o   Running   5m\n"


def test_labels(printing, cook, waiter):
    options = {"show_labels": True, "label_columns": ("app", "a.b/tier")}
    assert printing(**options).list(cook, waiter) == lines("""
        NAME          MODEL    STATUS    AGE   APP       TIER   LABELS
        cook          gpt-4o   Running   5m    kitchen   gold   a.b/tier=gold,app=kitchen
        head-waiter   o1                 0s                     <none>
    """)


def test_show_kind(printing, cook):
    assert printing(show_kind=True).list(cook) == lines("""
        NAME                   MODEL    STATUS    AGE
        agent.mastra.ai/cook   gpt-4o   Running   5m
    """)


def test_several_kinds(printing, resource, cook):
    found = [
        cook,
        resource("find", kind="Tool"),
        resource("kitchen", kind="System", namespace=""),
        resource("second"),
    ]
    assert printing(all_namespaces=True).list(*found) == lines("""
        NAMESPACE   NAME                     MODEL    STATUS    AGE
        cooking     agent.mastra.ai/cook     gpt-4o   Running   5m
        cooking     agent.mastra.ai/second                      5m

        NAMESPACE   NAME                  AGE
        cooking     tool.mastra.ai/find   5m

        NAME                       AGE
        system.mastra.ai/kitchen   5m
    """)


def test_kind_by_kind_gives_the_same(printing, resource, cook):
    tool = resource("find", kind="Tool")
    one_by_one = printing(show_kind=True)
    assert one_by_one.list(cook) + one_by_one.list(tool) == printing(show_kind=True).list(cook, tool)


def test_several_kinds_without_headers_have_no_empty_lines(printing, resource, cook):
    assert printing(headers=False).list(cook, resource("find", kind="Tool")) == (
        "agent.mastra.ai/cook   gpt-4o   Running   5m\ntool.mastra.ai/find   5m\n"
    )


def test_a_kind_nobody_knows_has_name_and_age(printing, resource):
    assert printing(all_namespaces=True, show_kind=True).list(
        resource("x", kind="Odd", group="e.com")
    ) == lines("""
        NAMESPACE   NAME          AGE
        cooking     odd.e.com/x   5m
    """)


def test_nothing_is_nothing(printing):
    assert printing().list() == ""


def test_rows_of_a_watch_without_events_have_one_header(printing, cook, waiter):
    table = printing()
    assert table.object(cook) == "NAME   MODEL    STATUS    AGE\ncook   gpt-4o   Running   5m\n"
    assert table.object(waiter) == "head-waiter   o1                 0s\n"
    assert table.object(cook) == "cook          gpt-4o   Running   5m\n"


def test_events(printing, cook, waiter):
    table = printing()
    assert table.events(("ADDED", cook), ("ADDED", waiter)) == lines("""
        EVENT      NAME          MODEL    STATUS    AGE
        ADDED      cook          gpt-4o   Running   5m
        ADDED      head-waiter   o1                 0s
    """)
    assert table.event("MODIFIED", cook) == "MODIFIED   cook          gpt-4o   Running   5m\n"
    assert table.event("DELETED", waiter) == "DELETED    head-waiter   o1                 0s\n"


def test_events_of_several_kinds(printing, resource, cook):
    table = printing(all_namespaces=True)
    assert table.events(("ADDED", cook), ("ADDED", resource("find", kind="Tool"))) == lines("""
        EVENT      NAMESPACE   NAME                   MODEL    STATUS    AGE
        ADDED      cooking     agent.mastra.ai/cook   gpt-4o   Running   5m

        EVENT      NAMESPACE   NAME                  AGE
        ADDED      cooking     tool.mastra.ai/find   5m
    """)
    assert table.event("DELETED", cook) == (
        "DELETED    cooking     agent.mastra.ai/cook   gpt-4o   Running   5m\n"
    )


@pytest.mark.parametrize(
    "output", ["", "wide", "json", "yaml", "name", "jsonpath={.kind}", "custom-columns=N:.metadata.name"]
)
def test_a_reader_of_a_pipe_sees_each_event_at_once(printing, cook, output):
    one = printing(output)
    one.printer.print_event("ADDED", cook)
    assert one.out.seen == one.out.getvalue() != ""


def test_colours_for_a_terminal_only_and_without_moving_a_column(printing, cook, waiter):
    plain = printing().events(("ADDED", cook), ("DELETED", waiter))
    painted = printing(color=True).events(("ADDED", cook), ("DELETED", waiter))
    assert "\x1b[32mRunning\x1b[0m" in painted
    assert "\x1b[31mDELETED\x1b[0m" in painted
    assert "\x1b" not in plain
    assert painted.replace("\x1b[32m", "").replace("\x1b[31m", "").replace("\x1b[0m", "") == plain


def test_what_a_resource_holds_cannot_break_the_table(printing, resource):
    hostile = resource(
        "a\nb",
        namespace="x\x1b[2J",
        labels={"k": "v\r\nw"},
        spec={"model": {"name": "\x1b]0;title\x07x\ny"}},
        status={"phase": "Run\u202ening"},
    )
    text = printing(all_namespaces=True, show_labels=True, label_columns=("k",)).list(hostile)
    _, row = text.splitlines()
    assert row.split() == [
        r"x\x1b[2J",
        r"a\nb",
        r"\x1b]0;title\x07x...",
        r"Run\u202ening",
        "5m",
        r"v\r\nw",
        r"k=v\r\nw",
    ]


def test_wide_characters_take_two_cells(printing, resource):
    found = [
        resource("a", spec={"model": {"name": "通义千问"}}),
        resource("b", spec={"model": {"name": "é" * 9}}),
    ]
    assert printing().list(*found) == (
        "NAME   MODEL       STATUS   AGE\na      通义千问             5m\nb      ééééééééé            5m\n"
    )


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("厨师", 4),
        ("🍳", 2),
        ("ｱ", 1),
        ("Ａ", 2),
        ("👨\u200d👩\u200d👧", 2),  # a family, joined
        ("❤\ufe0f", 2),  # text that is shown as an emoji
        ("1\ufe0f\u20e3", 2),
        ("👍\U0001f3fd", 2),  # a colour of skin
        ("🇩🇪", 2),
        ("a\u200bb", 2),  # a space of no width
        ("क्\u200dष", 2),  # a joiner within letters
        ("\u1112\u1161\u11ab", 2),  # a Hangul syllable in parts
        ("\ufe0f", 0),
    ],
)
def test_display_width(text, width):
    assert display_width(text) == width


cells = st.text(alphabet="ab -é厨🍳\u0301\u200d\ufe0f", max_size=6)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(1, 6))
def test_columns_begin_at_the_same_place_in_every_row(rows, first_batch):
    layout = Layout()
    text = layout.lines(rows[:first_batch]) + layout.lines(rows[first_batch:])
    widths = [max(3, *(display_width(row[i]) for row in rows)) for i in range(3)]
    settled = layout.lines(rows).splitlines()
    for row, line in zip(rows, settled, strict=True):
        expected = "   ".join(c + " " * (w - display_width(c)) for c, w in zip(row, widths, strict=True))
        assert line == expected.rstrip(" ")
    assert text.count("\n") == len(rows)


def test_a_table_imports_nothing_heavy():
    code = (
        "import sys, mastractl.cli.printers.interface, mastractl.cli.printers.table;"
        "heavy = {'rich', 'yaml', 'jsonschema', 'typer', 'asyncio', 'unicodedata', 'logging', 'textwrap',"
        " 'watchdog', 'urllib.request', 'importlib.metadata', 'mastractl.cli.printers.jsonout'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
