"""JSONPath behaves as kubectl's; the expected texts were taken from kubectl 1.32 on the same document."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.errors import BadRequest
from mastractl.resources.jsonpath import compile_path, compile_template, relaxed, text_of

AGENT = {
    "kind": "Agent",
    "metadata": {"labels": {"app": "kitchen", "mastra.ai/tier": "gold"}, "name": "cook"},
    "spec": {
        "big": 10000000,
        "empty": {},
        "on": True,
        "owner": None,
        "ratio": 1.5,
        "steps": [
            {"id": "plan", "retry": {"max": 3}, "run": "a", "uses": [{"n": 1}, {"n": 2}]},
            {"id": "cook", "run": "b", "uses": [{"n": 3}], "when": "hot"},
        ],
    },
}

WHOLE = json.dumps(AGENT, separators=(",", ":"))

KUBECTL = [
    # text and literals
    ("plain text", "plain text"),
    ("kind is {.kind}!", "kind is Agent!"),
    ("a}b{.kind}", "a}bAgent"),
    ('{"{"}{"}"}', "{}"),
    (r'{"\t"}{"\n"}', "\t\n"),
    (r'{"\u00e9\x41\""}', 'éA"'),
    ("{'single'}", "single"),
    (r"""{'\'"'}""", "'\""),
    # values
    ("{.spec.big} {.spec.ratio} {.spec.on} {.spec.owner}", "10000000 1.5 true null"),
    ("{.spec.steps[0].uses}", '[{"n":1},{"n":2}]'),
    ("{.spec.empty}", "{}"),
    ("{$.kind}{@.kind}", "AgentAgent"),
    # the whole document, and literals
    ("{.}", WHOLE),
    ("{ . }", WHOLE),
    ("{@}", WHOLE),
    ("{$}", WHOLE),
    ("{range .spec.steps[*].uses[*]}{.}{end}", '{"n":1}{"n":2}{"n":3}'),
    ("{1}{true}{ false }{-2}{+3}{1.50}{'x'}", "1truefalse-231.5x"),
    # fields
    ("{.metadata.name}", "cook"),
    ("{ .metadata.name }", "cook"),
    ("{['metadata']['name']}", "cook"),
    ("{.metadata['name']}", "cook"),
    ("{['metadata.labels.app']}", "kitchen"),
    (r"{.metadata.labels.mastra\.ai/tier}", "gold"),
    (r"{.metadata.labels['mastra\.ai/tier']}", "gold"),
    # what is not there
    ("{.nope}", ""),
    ("[{.spec.nope.deeper}]", "[]"),
    ("{.spec.steps[*].nope}", ""),
    ("{.spec.steps.id}", ""),
    ("{range .nope[*]}x{end}y", "y"),
    # lists
    ("{.spec.steps[*].id}", "plan cook"),
    ("{.spec.steps[0].id}", "plan"),
    ("{.spec.steps[-1].id}", "cook"),
    ("{.spec.steps[-2].id}", "plan"),
    ("{.spec.steps[0:1].id}", "plan"),
    ("{.spec.steps[-1:].id}", "cook"),
    ("{.spec.steps[:].id}", "plan cook"),
    ("{.spec.steps[:1].id}", "plan"),
    ("{.spec.steps[::2].id}", "plan"),
    ("{.spec.steps[1::1].id}", "cook"),
    ("{.spec.steps[0,1].id}", "plan cook"),
    ("{.spec.steps[*]['id','run']}", "plan cook a b"),
    ("{.spec.steps[*]['id', 'retry.max']}", "plan cook 3"),
    ("{.spec.steps[*].id}{.spec.steps[*].run}", "plan cooka b"),
    # recursive descent
    ("{..name}", "cook"),
    ("{..id}", "plan cook"),
    ("{..max} {..big}", "3 10000000"),
    ("{...name}", "cook"),
    ("{..n}", "1 2 3"),
    ("{..uses[0].n}", "1 3"),
    ("{.spec.steps[0]..n}", "1 2"),
    # ranges
    ('{range .spec.steps[*]}{.id}{"\\t"}{@.run}{"\\n"}{end}', "plan\ta\ncook\tb\n"),
    ("{range .spec.steps[*]}{range .uses[*]}{.n},{end};{end}!", "1,2,;3,;!"),
    ("{range.spec.steps[*]}{.id}{end}", "plancook"),
    ('{range .spec.steps[?(@.id=="cook")]}{.run}{end}', "b"),
    ("{range .spec.steps[*]}\n  {.id}\n{end}", "\n  plan\n\n  cook\n"),
    # a range without an end: the rest is its body, and then the rest comes once more
    ("{range .spec.steps[*]}{.id};", "plan;cook;;"),
    ("{range .spec.steps[*]}{.id}{.kind};", "plan;cook;Agent;"),
    ("{range .nope[*]}{.kind}", "Agent"),
    ("{range .spec.steps[*]}{range .uses[*]}{.n}{end}{.kind};", "12;3;Agent;"),
    # filters
    ('{.spec.steps[?(@.id=="cook")].run}', "b"),
    ("{.spec.steps[?( @.id == 'plan' )].run}", "a"),
    ('{.spec.steps[?(@.id!="plan")].run}', "b"),
    ('{.spec.steps[?("plan"==@.id)].run}', "a"),
    ("{.spec.steps[?(@.when)].id}", "cook"),
    ("{.spec.steps[?(@.retry.max>2)].id}", "plan"),
    ("{.spec.steps[?(@.retry.max>3)].id}", ""),
    ("{.spec.steps[?(@.uses[0].n<=1)].id}", "plan"),
    ("{.spec.steps[?(@.uses[0].n>=3)].id}", "cook"),
    ("{.spec.steps[?(@.uses[0].n<3)].id}", "plan"),
    ('{.spec.steps[?(@.id>"d")].id}', "plan"),
    ("{.spec.steps[?(@.id==@.id)].id}", "plan cook"),
    ('{.spec.steps[?(.id=="cook")].id}', "cook"),
    ("{.spec.steps[*].uses[?(@.n>1)].n}", "2 3"),
]


@pytest.mark.parametrize(("template", "expected"), KUBECTL)
def test_as_kubectl(template, expected):
    assert compile_template(template).render(AGENT) == expected


BEYOND = [
    ('{.spec.steps[?(@.id=="plan" && @.run=="a")].id}', "plan"),
    ('{.spec.steps[?(@.id=="plan" && @.run=="b")].id}', ""),
    ('{.spec.steps[?(@.run=="b"||@.retry)].id}', "plan cook"),
    ('{.spec.steps[?(@.id=="x" && @.when || @.run=="a")].id}', "plan"),
    ("{.metadata.labels.*}", "kitchen gold"),
    ("{.metadata.labels[*]}", "kitchen gold"),
    ("{.metadata.labels['mastra.ai/tier']}", "gold"),
    ('{.metadata["name"]}', "cook"),
    ("{.spec.steps[ 0 ].id}", "plan"),
    ("{.spec.steps[0:9].id}", "plan cook"),
    ("{.spec.steps[1:0].id}", ""),
    ("{.spec.steps[7].id}|{.spec.steps[-7].id}", "|"),
    ("{.metadata.name[0]}", ""),
    ("{.spec.steps[?(@.retry.max<3.5)].id}", "plan"),
    ("{.spec.steps[?(@.retry==null)].id}", ""),
    (r'{"\\"}', "\\"),
    ("{\n.kind\n}", "Agent"),
]


@pytest.mark.parametrize(("template", "expected"), BEYOND)
def test_where_kubectl_fails_finds_nothing_or_changes_its_mind(template, expected):
    assert compile_template(template).render(AGENT) == expected


def test_a_quoted_key_with_dots_is_the_key_before_it_is_a_path():
    document = {"a.b": 1, "a": {"b": 2, "c": 3}}
    assert compile_path("['a.b']").find(document) == [1]
    assert compile_path("['a.c']").find(document) == [3]
    assert compile_path(r"['a\.b']").find(document) == [1]
    assert compile_path(r"['a\.c']").find(document) == []


def test_a_quoted_key_that_spells_no_path_is_a_key():
    assert compile_path("['a.[x']").find({"a.[x": 1}) == [1]
    assert compile_path("['a. b, c']").find({"a. b, c": 1, "a": {" b": 2}}) == [1]


def test_a_path_shows_how_it_was_written():
    assert repr(compile_path(" .a['b'] ")) == "<Path .a['b']>"


def test_null_matches_null_and_nothing_else():
    document = {"l": [{"a": None}, {"a": 1}, {}]}
    assert compile_path(".l[?(@.a==null)]").find(document) == [{"a": None}]
    assert compile_path(".l[?(@.a!=null)]").find(document) == [{"a": 1}]
    assert compile_path(".l[?(@.a)]").find(document) == [{"a": None}, {"a": 1}]
    assert compile_path(".l[?(@.a>0)]").find(document) == [{"a": 1}]


BAD_TEMPLATES = [
    ("{.a", 1, "no '}'"),
    ("x{.a{.b}", 5, "'}' should stand here"),
    ("{range .a[*]}{range .b[*]}{.c}", 14, "no {end}"),
    ("{.a}{end}", 5, "without a {range}"),
    ("{kind}", 2, "begins with a dot"),
    ("{.a.}", 5, "field name is missing"),
    ("{..}{.[0]}", 7, "field name is missing"),
    ("{1x}", 2, "should stand here"),
    ("{truely}", 2, "begins with a dot"),
    ("{.a....b}", 6, "cannot follow"),
    ("{.a[}", 5, "no index"),
    ("{.a[b]}", 5, "no index"),
    ("{.a[,]}", 5, "no index"),
    ("{.a['b]}", 5, "closing '"),
    ("{.a[::-1]}", 5, "above 0"),
    ("{.a[::0]}", 5, "above 0"),
    ("{.a[1:2:3:4]}", 10, "before ']'"),
    ("{.a[99999999999999999999]}", 5, "too large"),
    ("{.a[?@.b]}", 6, "parentheses"),
    ('{.a[?(@.b=="c")}', 16, "before ']'"),
    ('{.a[?(@.b=="c"]}', 15, "in the filter"),
    ('{.a[?(@.b="c")]}', 10, "no comparison"),
    ('{.a[?(@.b=~"c")]}', 10, "no comparison"),
    ("{.a[?(@.b==c)]}", 12, "no value"),
    ("{.a[?(@.b==)]}", 12, "no value"),
    ("{.a[?(@.b==nan)]}", 12, "no value"),
    ('{.a[?("c")]}', 7, "tests a field"),
    ("{.a[?($.b==1)]}", 7, "only the element"),
    ("{.a[?(@.b==1 & @.c==2)]}", 14, "in the filter"),
    ("{.a\\", 5, "backslash"),
    (r'{"\q"}', 3, "unknown escape"),
    (r'{"\u12"}', 3, "unknown escape"),
    (r'{"\xzz"}', 3, "unknown escape"),
    (r'{"\UFFFFFFFF"}', 3, "unknown escape"),
    ('{"a}', 2, 'closing "'),
    ('{"a" .b}', 6, "should stand here"),
    ("{range .a}" * 33, 321, "32 deep"),
    ("{" + ".a[?(@" * 33, 199, "32 deep"),
]


@pytest.mark.parametrize(("template", "column", "problem"), BAD_TEMPLATES)
def test_errors_name_the_column(template, column, problem):
    with pytest.raises(BadRequest) as caught:
        compile_template(template)
    assert problem in caught.value.message
    assert f"column {column}:" in caught.value.message


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("{.a[b]}", "write ['b']"),
        ("{kind}", "write {.kind}"),
        ("{.a[?(@.b==c)]}", 'text needs quotes: "c"'),
        ("{.a[?($.b==1)]}", "use @ in place of $"),
        ('{.a[?(@.b="c")]}', "compare with ==, !=, <, <=, > or >="),
    ],
)
def test_errors_say_what_to_write(path, hint):
    with pytest.raises(BadRequest) as caught:
        compile_template(path)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ('.l[?(@.n=="1")]', "the number 1 cannot be compared with the text '1'"),
        (".l[?(@.s==1)]", "the text 'x' cannot be compared with the number 1"),
        (".l[?(@.b==1)]", "the boolean True cannot be compared with the number 1"),
        (".l[?(@.o==1)]", "an object cannot be compared with the number 1"),
        (".l[?(@.many[*]==1)]", "only one value"),
    ],
)
def test_what_cannot_be_compared_is_an_error_and_never_a_guess(path, words):
    document = {"l": [{"n": 1, "s": "x", "b": True, "o": {"secret": 1}, "many": [1, 2]}]}
    with pytest.raises(BadRequest, match=r"column \d+") as caught:
        compile_path(path).find(document)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("path", "missed", "column"),
    [
        (".nope", "nope", 1),
        (".metadata.nope.x", "nope", 10),
        (".spec.steps[9]", "index 9", 12),
        (".kind.x", "x", 6),
    ],
)
def test_a_strict_caller_is_told_what_is_missing(path, missed, column):
    assert compile_path(path).find(AGENT) == []
    with pytest.raises(BadRequest, match=f"column {column}: {missed} is not found"):
        compile_path(path).find(AGENT, allow_missing=False)
    with pytest.raises(BadRequest):
        compile_template(f"{{range .spec.steps[0:1]}}{{$}}{{end}}{{{path}}}").render(
            AGENT, allow_missing=False
        )


def test_a_strict_caller_may_find_nothing_by_a_filter():
    assert compile_path(".spec.steps[?(@.id=='none')].id").find(AGENT, allow_missing=False) == []


@pytest.mark.parametrize(
    "text", ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}", " $.metadata.name "]
)
def test_relaxed_spellings_are_the_same_path(text):
    assert relaxed(text).find(AGENT) == ["cook"]


@pytest.mark.parametrize("text", ["", "a", "{.a}", ".a}", ".a b", ".a, .b"])
def test_a_path_by_itself_is_strict(text):
    with pytest.raises(BadRequest):
        compile_path(text)


def test_first_is_the_first_or_the_default():
    assert compile_path(".spec.steps[*].id").first(AGENT) == "plan"
    assert compile_path(".nope").first(AGENT) is None
    assert compile_path(".nope").first(AGENT, "x") == "x"


def test_find_of_a_template_leaves_text_out():
    template = compile_template('{.kind}:{range .spec.steps[*]}{.id}{"\\n"}{end}')
    assert template.find(AGENT) == ["Agent", "plan", "cook"]


def test_text_keeps_unicode():
    assert text_of({"名": "厨师"}) == '{"名":"厨师"}'
    assert compile_template("{.名}").render({"名": "厨师"}) == "厨师"


# Laws

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
keys = st.text(min_size=1, max_size=4).filter(lambda key: key != "*")
indexes = st.integers(-4, 4)
slices = st.builds(slice, st.none() | indexes, st.none() | indexes, st.none() | st.integers(1, 3))
steps = st.one_of(keys, indexes, slices, st.just("*"))


def spelt(step, *, quoted):
    """A step as people may write it."""
    if isinstance(step, int):
        return f"[{step}]"
    if isinstance(step, slice):
        bounds = ["" if b is None else str(b) for b in (step.start, step.stop, step.step)]
        return f"[{':'.join(bounds)}]"
    if step == "*":
        return "[*]" if quoted else ".*"
    if quoted:
        return "['" + "".join(f"\\{c}" if c in "\\'." else c for c in step) + "']"
    return "." + "".join(f"\\{c}" if c in " \t\r\n.,[]$@{}\\*" else c for c in step)


def naive(value, path):
    if not path:
        return [value]
    step, rest = path[0], path[1:]
    if isinstance(step, slice):
        found = value[step] if isinstance(value, list) else []
    elif isinstance(step, int):
        found = [value[step]] if isinstance(value, list) and -len(value) <= step < len(value) else []
    elif step == "*":
        found = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    else:
        found = [value[step]] if isinstance(value, dict) and step in value else []
    return [leaf for item in found for leaf in naive(item, rest)]


@st.composite
def documents_and_paths(draw):
    """A document, and a path that often leads somewhere in it."""
    document = value = draw(json_values)
    path = []
    for _ in range(draw(st.integers(1, 5))):
        if isinstance(value, dict) and value and draw(st.booleans()):
            step = draw(st.sampled_from(sorted(value)))
            step = step if step not in {"", "*"} else "x"
        elif isinstance(value, list) and value and draw(st.booleans()):
            step = draw(st.integers(0, len(value) - 1))
        else:
            step = draw(steps)
        path.append(step)
        found = naive(value, [step])
        value = found[0] if found else None
    return document, path


@settings(deadline=None)
@given(documents_and_paths(), st.lists(st.booleans(), min_size=5, max_size=5))
def test_find_is_what_a_naive_walk_finds(document_and_path, quoted):
    document, path = document_and_path
    text = "".join(spelt(step, quoted=q) for step, q in zip(path, quoted, strict=False))
    assert compile_path(text).find(document) == naive(document, path)
    assert relaxed(f"{{{text}}}").find(document) == naive(document, path)


@settings(deadline=None)
@given(json_values)
def test_recursive_descent_meets_every_container_once_parents_first(document):
    def containers(value):
        if isinstance(value, dict | list):
            yield value
            for item in value.values() if isinstance(value, dict) else value:
                yield from containers(item)

    found = compile_path("..").find(document)
    assert [id(v) for v in found] == [id(v) for v in containers(document)]


@settings(deadline=None)
@given(json_values)
def test_rendering_never_changes_the_document(document):
    before = json.dumps(document)
    compile_template("{..*}{[?(@.a)]}{range ..}{@}{end}{[0:2]['a','b.c']}").render(document)
    assert json.dumps(document) == before


@settings(deadline=None)
@given(st.text(alphabet="{}[]().'\"?@$*:,&|=!<>~\\ab01- \nrange", max_size=40), json_values)
def test_any_text_is_a_template_or_a_bad_request(text, document):
    with contextlib.suppress(BadRequest):
        assert isinstance(compile_template(text).render(document), str)
