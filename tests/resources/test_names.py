from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.resources import names

GOOD_NAMES = [
    "a",
    "0",
    "recipe-assistant",
    "a.b.c",
    "agents.mastra.ai",
    "x" * 250,
    "con-1",
    "a1-b2.c3",
    "company",
]
BAD_NAMES = [
    "",
    "My Agent",
    "UPPER",
    "a_b",
    "-a",
    "a-",
    ".a",
    "a.",
    "a..b",
    "a.-b",
    "..",
    ".",
    "a/b",
    "a\\b",
    "a\n",
    "a\x00",
    "厨师",
    "é",
    "x" * 251,
    "~",
    "_cluster",
]
RESERVED = ["con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9", "nul.x", "com1.tar.gz"]


@pytest.mark.parametrize("text", GOOD_NAMES)
def test_a_name_may_be(text):
    assert names.name_problem(text) == ""


@pytest.mark.parametrize("text", BAD_NAMES + RESERVED)
def test_a_name_may_not_be(text):
    assert names.name_problem(text)


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("My Agent", "my-agent"),
        ("RecipeAssistant", "recipe-assistant"),
        ("recipe_finder", "recipe-finder"),
        ("Café Olé", "cafe-ole"),
        ("-lead", "lead"),
        ("a..b", "a.b"),
        ("trailing.", "trailing"),
        ("a/b", "a-b"),
        ("gpt-4 Turbo!", "gpt-4-turbo"),
        ("nul", "my-nul"),
        ("com1.x", "my-com1.x"),
    ],
)
def test_a_bad_name_comes_with_a_good_one(bad, good):
    assert f"did you mean {good!r}?" in names.name_problem(bad)
    assert names.name_problem(good) == ""


@pytest.mark.parametrize("text", ["厨师", "...", "", "!!"])
def test_where_no_good_name_follows_none_is_offered(text):
    assert "did you mean" not in names.name_problem(text)


def test_a_template_is_recognised():
    for problem in (names.name_problem, names.namespace_problem, names.label_value_problem):
        assert problem("{{ .Values.name }}").endswith("it looks like a template that was not rendered")


def test_a_name_fits_a_file_name_with_its_extension():
    longest = "x" * names.NAME_LIMIT
    assert len(f"{longest}.json".encode()) == 255
    assert "251" in names.name_problem(longest + "x")


@given(st.text(max_size=300))
def test_whatever_is_advised_is_valid(text):
    for problem in (names.name_problem, names.namespace_problem, names.label_value_problem):
        message = problem(text)
        if "did you mean '" in message:
            advised = message.rpartition("did you mean '")[2].removesuffix("'?")
            assert problem(advised) == ""


@given(st.text(alphabet="ab-.A_/ \n", max_size=12))
def test_accepted_names_are_safe_as_file_names(text):
    if not names.name_problem(text):
        assert text == text.lower().strip(".- \n")
        assert not set(text) & set("/\\_ \n")
        assert ".." not in text


@pytest.mark.parametrize("text", ["default", "a", "cooking-1", "x" * 63])
def test_a_namespace_may_be(text):
    assert names.namespace_problem(text) == ""


@pytest.mark.parametrize("text", ["", "a.b", "A", "x" * 64, "-a", "_cluster", "con", "a\n"])
def test_a_namespace_may_not_be(text):
    assert names.namespace_problem(text)


def test_a_bad_namespace_comes_with_a_good_one():
    assert "did you mean 'team-a'?" in names.namespace_problem("Team A")
    assert "did you mean 'a-b'?" in names.namespace_problem("a.b")


@pytest.mark.parametrize(
    "text",
    ["app", "App_1.x", "example.com/app", "a/b", "x" * 63, f"{'x' * 253}/{'y' * 63}", "mastra.ai/managed-by"],
)
def test_a_label_key_may_be(text):
    assert names.label_key_problem(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/",
        "/a",
        "a/b/c",
        "-a",
        "a-",
        "ä",
        "Example.com/a",
        "x" * 64,
        f"{'x' * 254}/a",
        "a b",
        "a\n",
    ],
)
def test_a_label_key_may_not_be(text):
    assert names.label_key_problem(text)


@pytest.mark.parametrize("text", ["", "a", "A_b-c.d", "1", "x" * 63])
def test_a_label_value_may_be(text):
    assert names.label_value_problem(text) == ""


@pytest.mark.parametrize("text", ["-", "a ", "a/b", "厨师", "x" * 64, "a\n", "_"])
def test_a_label_value_may_not_be(text):
    assert names.label_value_problem(text)


def test_a_bad_label_value_comes_with_a_good_one():
    assert "did you mean 'hello-world'?" in names.label_value_problem("hello world")
    assert "annotation" in names.label_value_problem("x" * 64)


def test_annotations_are_limited_together_and_in_bytes():
    assert names.annotations_problem({"a": "x" * (names.ANNOTATIONS_LIMIT - 1)}) == ""
    assert "262145" in names.annotations_problem({"a": "x" * names.ANNOTATIONS_LIMIT})
    assert names.annotations_problem({"a": "厨" * 90_000})
    assert names.annotations_problem({str(i): "x" * 1000 for i in range(263)})


@pytest.mark.parametrize("text", ["example.com/cleanup", "cleanup.example.com", "kubernetes", "orphan"])
def test_a_finalizer_may_be(text):
    assert names.finalizer_problem(text) == ""


@pytest.mark.parametrize("text", ["cleanup", "", "Example.com/x", "a/-", "a/b/c"])
def test_a_finalizer_may_not_be(text):
    assert names.finalizer_problem(text)


def test_a_finalizer_without_a_domain_is_shown_one():
    assert "example.com/cleanup" in names.finalizer_problem("sweep")


@pytest.mark.parametrize("text", ["a", "data-sources", "x" * 63])
def test_a_dns_label_may_be(text):
    assert names.dns_label_problem(text) == ""


@pytest.mark.parametrize("text", ["", "1a", "A", "a.b", "a_b", "x" * 64])
def test_a_dns_label_may_not_be(text):
    assert names.dns_label_problem(text)


@pytest.mark.parametrize(("text", "fine"), [("example.com", True), ("a", True), ("A.b", False), ("", False)])
def test_a_subdomain(text, fine):
    assert (names.subdomain_problem(text) == "") == fine
