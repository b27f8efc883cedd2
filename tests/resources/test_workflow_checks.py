"""Workflows that cannot do what they say, each mistake told once and where it was made."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl.errors import format_path
from mastractl.manifests import bundled, yamldoc
from mastractl.resources.admission import admit
from mastractl.resources.workflow_checks import workflow_causes

KINDS = bundled.kinds()


def judged(steps, **spec):
    """(errors, warnings) of a workflow, each as `CODE path: message (hint)`."""
    if isinstance(steps, str):
        steps = next(yamldoc.load(steps)).value
    document = {
        "apiVersion": "mastra.ai/v1",
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "spec": {**spec, "steps": steps},
    }
    found = admit(document, KINDS)
    return list(found.causes), list(found.warnings)


def told(causes):
    return [f"{cause.code} {format_path(cause.path)}" for cause in causes]


def codes(steps, **spec):
    errors, warnings = judged(steps, **spec)
    return told(errors) + told(warnings)


def only(steps, **spec):
    errors, warnings = judged(steps, **spec)
    (cause,) = errors + warnings
    assert cause.warning == (not errors)
    return cause


class TestUnknownSteps:
    @pytest.mark.parametrize(
        ("steps", "spec", "path"),
        [
            ("[{id: a, next: bb}, {id: b}]", {}, ".spec.steps[0].next"),
            ("[{id: a, next: [b, bb]}, {id: b}]", {}, ".spec.steps[0].next[1]"),
            ("[{id: a, transitions: {next: bb}}, {id: b}]", {}, ".spec.steps[0].transitions.next"),
            (
                "[{id: a, condition: x, transitions: {true: bb, false: END}}, {id: b}]",
                {},
                ".spec.steps[0].transitions.true",
            ),
            (
                "[{id: a, switch: [{when: x, next: bb}, {default: true, next: END}]}, {id: b}]",
                {},
                ".spec.steps[0].switch[0].next",
            ),
            ("[{id: a, catch: [{next: bb}]}, {id: b}]", {}, ".spec.steps[0].catch[0].next"),
            ("[{id: a, next: b}, {id: b}]", {"initialStep": "aa"}, ".spec.initialStep"),
            ("[{id: a}, {id: b}]", {"onError": {"next": "bb"}}, ".spec.onError.next"),
            (
                "[{id: a, switch: [{default: true, next: b}], next: bb}, {id: b}]",
                {},
                ".spec.steps[0].next",
            ),
        ],
    )
    def test_are_found_wherever_a_step_is_named(self, steps, spec, path):
        cause = only(steps, **spec)
        assert (cause.code, format_path(cause.path)) == ("MA170", path)
        assert cause.hint in {'did you mean "b"?', 'did you mean "a"?'}

    def test_the_end_is_no_step(self):
        assert codes("[{id: a, next: END}]") == []
        assert only("[{id: a, next: End}]").hint == 'did you mean "END"?'

    def test_without_a_likely_one_the_steps_are_listed(self):
        cause = only("[{id: start, next: zzz}]")
        assert (cause.message, cause.hint) == ('there is no step "zzz"', 'the steps are "start"')

    def test_a_branch_leads_to_its_own_steps_only(self):
        text = """
        - id: fan
          parallel: {branches: [{steps: [{id: left, next: after}]}, {steps: [{id: right}]}]}
          next: after
        - {id: after}
        """
        cause = only(text)
        assert format_path(cause.path) == ".spec.steps[0].parallel.branches[0].steps[0].next"
        assert "stands in another branch" in cause.message
        assert [(format_path(path), message) for path, message in cause.related] == [
            (".spec.steps[1].id", '"after" is here')
        ]

    def test_in_the_short_form_of_parallel_it_is_where_it_was_written(self):
        cause = only("[{id: fan, type: parallel, steps: [{id: left, agent: x, next: nowhere}]}]")
        assert format_path(cause.path) == ".spec.steps[0].steps[0].next"


class TestIds:
    def test_are_unique_across_branches(self):
        cause = only("[{id: a, next: b}, {id: b, parallel: {branches: [{steps: [{id: a}]}]}}]")
        assert (cause.code, format_path(cause.path)) == (
            "MA171",
            ".spec.steps[1].parallel.branches[0].steps[0].id",
        )
        assert format_path(cause.related[0][0]) == ".spec.steps[0].id"

    def test_in_one_list_are_the_schemas_to_judge(self):
        assert codes("[{id: a}, {id: a}]") == ["MA107 .spec.steps[1].id"]

    def test_the_word_for_the_end_is_none(self):
        assert only("[{id: END}]").code == "MA171"


class TestUnreachable:
    def test_a_step_before_has_no_next(self):
        cause = only("[{id: a}, {id: b, next: c}, {id: c}]")
        assert cause.warning
        assert (cause.code, format_path(cause.path)) == ("MA172", ".spec.steps[1].id")
        assert cause.hint == '"a" before it has no `next`, which ends the path: next: b'

    def test_the_run_starts_after_it(self):
        cause = only("[{id: b, next: END}, {id: a, next: b}]")
        assert cause.hint == 'a run starts with "b": initialStep: a would start it here'
        assert codes("[{id: b, next: END}, {id: a, next: b}]", initialStep="a") == []

    def test_a_way_that_is_never_taken_leads_nowhere(self):
        text = "[{id: a, switch: [{default: true, next: b}], next: c}, {id: b}, {id: c}]"
        assert codes(text) == ["MA172 .spec.steps[2].id"]
        assert codes(text.replace("default: true", "when: x")) == []
        both = "[{id: a, condition: x, transitions: {true: b, false: END}, next: c}, {id: b}, {id: c}]"
        assert codes(both) == ["MA172 .spec.steps[2].id"]
        assert codes(both.replace(", false: END", "")) == []

    def test_only_the_first_of_several_is_told(self):
        assert codes("[{id: a, next: END}, {id: b, next: c}, {id: c, next: d}, {id: d}]") == [
            "MA172 .spec.steps[1].id"
        ]

    def test_a_round_of_them_is_told_once(self):
        assert codes("[{id: a, next: END}, {id: b, next: c}, {id: c, next: b}]") == [
            "MA172 .spec.steps[1].id"
        ]

    def test_errors_lead_somewhere(self):
        assert codes("[{id: a, catch: [{next: b}]}, {id: b}, {id: c}]", onError={"next": "c"}) == []

    def test_in_a_branch(self):
        text = "[{id: p, parallel: {branches: [{steps: [{id: a}, {id: b}]}]}}]"
        assert codes(text) == ["MA172 .spec.steps[0].parallel.branches[0].steps[1].id"]


class TestRounds:
    def test_without_a_way_out_are_errors(self):
        errors, warnings = judged("[{id: a, next: b}, {id: b, next: c}, {id: c, next: b}]", timeout=60)
        assert warnings == []
        (cause,) = errors
        assert (cause.code, format_path(cause.path)) == ("MA173", ".spec.steps[2].next")
        assert cause.message.startswith('the steps "b" → "c" → "b" go round for ever')
        assert format_path(cause.related[0][0]) == ".spec.steps[1].id"

    def test_of_one_step(self):
        assert codes("[{id: a, next: a}]") == ["MA173 .spec.steps[0].next"]

    def test_all_steps_that_follow_together_have_to_end(self):
        assert codes("[{id: a, next: [b, c]}, {id: b}, {id: c, next: a}]") == ["MA173 .spec.steps[2].next"]

    @pytest.mark.parametrize(
        "out",
        [
            "switch: [{when: x, next: a}, {default: true, next: END}]",
            "switch: [{when: x, next: a}]",
            "condition: x, transitions: {true: a, false: [c]}",
            "condition: x, transitions: {true: a}",
            "next: a, catch: [{next: c}]",
        ],
    )
    def test_with_a_way_out_want_a_bound(self, out):
        text = f"[{{id: a, next: b}}, {{id: b, {out}}}, {{id: c}}]"
        assert [word for word in codes(text) if "MA172" not in word] == [
            word for word in codes(text) if "MA174" in word
        ]
        assert any("MA174" in word for word in codes(text))
        assert not any("MA174" in word for word in codes(text, timeout="1h"))
        waiting = text.replace("id: a,", "id: a, approval: {prompt: Again?},")
        assert not any("MA174" in word for word in codes(waiting))

    def test_that_always_choose_themselves_are_endless(self):
        text = "[{id: a, switch: [{when: x, next: a}, {default: true, next: b}]}, {id: b, next: a}]"
        assert told(judged(text)[0]) == ["MA173 .spec.steps[0].switch[0].next"]

    def test_in_a_branch(self):
        text = "[{id: p, parallel: {branches: [{steps: [{id: a, next: b}, {id: b, next: a}]}]}}]"
        assert codes(text) == ["MA173 .spec.steps[0].parallel.branches[0].steps[1].next"]


class TestInputs:
    def test_come_from_an_output_type_or_a_step(self):
        text = """
        - {id: a, output: {type: t}, next: b}
        - {id: b, input: {from: t}, next: c}
        - {id: c, input: {from: a}}
        """
        assert codes(text) == []

    def test_of_an_earlier_step_before_a_later_output_of_that_type(self):
        text = "[{id: a, next: b}, {id: b, input: {from: a}, next: c}, {id: c, output: {type: a}}]"
        assert codes(text) == []

    def test_that_nobody_gives(self):
        cause = only("[{id: a, output: {type: list}, next: b}, {id: b, input: {from: lst}}]")
        assert (cause.code, format_path(cause.path)) == ("MA176", ".spec.steps[1].input.from")
        assert cause.hint == 'did you mean "list"?'
        assert "type: user-input" in only("[{id: a, input: {from: user-input}}]").hint

    def test_that_are_given_later(self):
        cause = only("[{id: a, input: {from: t}, next: b}, {id: b, output: {type: t}}]")
        assert "is not there yet" in cause.message
        assert format_path(cause.related[0][0]) == ".spec.steps[1].id"

    def test_of_oneself(self):
        assert "its own output" in only("[{id: a, input: {from: t}, output: {type: t}}]").message

    def test_that_several_steps_give(self):
        text = """
        - {id: a, output: {type: t}, next: [b, c]}
        - {id: b, output: {type: t}, next: d}
        - {id: c, next: d}
        - {id: d, input: {from: t}}
        """
        cause = only(text)
        assert (cause.code, format_path(cause.path)) == ("MA175", ".spec.steps[3].input.from")
        assert [format_path(path) for path, _ in cause.related] == [
            ".spec.steps[0].output.type",
            ".spec.steps[1].output.type",
        ]

    def test_one_of_the_givers_may_not_lead_here(self):
        text = """
        - {id: a, output: {type: t}, next: b}
        - {id: b, input: {from: t}, next: c}
        - {id: c, output: {type: t}}
        """
        assert codes(text) == []

    def test_from_branches_and_into_branches(self):
        text = """
        - {id: a, output: {type: t}, next: p}
        - id: p
          parallel:
            branches:
              - steps:
                - {id: l, input: {from: t}, output: {type: left}, next: m}
                - {id: m, input: {from: left}}
              - steps: [{id: r, output: {type: right}}]
          next: z
        - {id: z, input: {from: left}}
        """
        assert codes(text) == []
        assert codes(text.replace("{id: m, input: {from: left}}", "{id: m, input: {from: right}}")) == [
            "MA176 .spec.steps[1].parallel.branches[0].steps[1].input.from"
        ]

    def test_of_a_step_that_failed(self):
        text = "[{id: a, output: {type: t}, catch: [{next: b}]}, {id: b, input: {from: t}}]"
        assert codes(text) == ["MA176 .spec.steps[1].input.from"]
        assert codes("[{id: a, next: b}, {id: b}, {id: c, input: {from: b}}]", onError={"next": "c"}) == []


def test_the_workflows_of_a_system_are_looked_into_too():
    spec = {"workflows": {"w": {"steps": [{"id": "a", "next": "nowhere"}]}}}
    document = {"apiVersion": "mastra.ai/v1", "kind": "System", "metadata": {"name": "s"}, "spec": spec}
    assert told(admit(document, KINDS).causes) == ["MA170 .spec.workflows.w.steps[0].next"]


def test_a_workflow_with_faults_of_its_schema_is_not_followed():
    assert codes("[{id: a, next: 5}, {id: b, next: nowhere}]") == ["MA103 .spec.steps[0].next"]
    assert codes("[{id: a, nxt: b}, {id: b, next: nowhere}]") == [
        "MA101 .spec.steps[0].nxt",
        "MA170 .spec.steps[1].next",
        "MA172 .spec.steps[1].id",
    ]


IDS = st.sampled_from(["a", "b", "c", "d", "END"])
WAYS = st.one_of(IDS, st.lists(IDS, unique=True, max_size=3))
STEPS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "next": WAYS,
            "switch": st.lists(
                st.fixed_dictionaries({"next": WAYS}, optional={"default": st.booleans()}), min_size=1
            ),
            "transitions": st.fixed_dictionaries({}, optional={"true": WAYS, "false": WAYS}),
            "input": st.fixed_dictionaries({"from": IDS}),
            "output": st.fixed_dictionaries({"type": IDS}),
            "catch": st.lists(st.fixed_dictionaries({"next": WAYS}), max_size=1),
        },
    ),
    min_size=1,
    max_size=4,
).map(lambda steps: [{"id": name, **step} for name, step in zip("abcd", steps, strict=False)])


def ends(steps, turns=9):
    """Which steps may end, by playing every outcome for some turns: what the check must agree with."""
    fields = {step["id"]: step for step in steps}

    def listed(value):
        return [value] if isinstance(value, str) else list(value)

    def outcomes(step):
        ways = [way["next"] for way in step.get("switch", ())]
        both = step.get("transitions", {})
        ways += both.values()
        decided = len(both) == 2 or any(way.get("default") for way in step.get("switch", ()))
        if not decided:
            ways.append(step.get("next", []))
        ways += [clause["next"] for clause in step.get("catch", ())]
        return [[name for name in listed(way) if name in fields] for way in ways]

    done = set()
    for _ in range(turns):
        done |= {name for name, step in fields.items() if any(set(way) <= done for way in outcomes(step))}
    return done


@settings(max_examples=150)
@example([{"id": "a", "switch": [{"next": "b"}]}, {"id": "b", "next": ["a", "b"]}])
@example([{"id": "a", "next": ["a", "b"]}, {"id": "b", "switch": [{"next": "END"}]}])
@given(STEPS)
def test_a_round_is_endless_exactly_if_no_play_of_it_ends(steps):
    errors, warnings = judged(steps)
    if {cause.code for cause in errors} - {"MA173", "MA175", "MA176"}:
        return
    endless = any(cause.code == "MA173" for cause in errors)
    reached, queue = set(), ["a"]
    fields = {step["id"]: step for step in steps}
    doomed = set(fields) - ends(steps)
    while queue:
        step = fields[queue.pop()]
        if step["id"] in reached:
            continue
        reached.add(step["id"])
        ways = [step.get("next", [])] if not _decided(step) else []
        ways += [way["next"] for way in step.get("switch", ())] + list(step.get("transitions", {}).values())
        ways += [clause["next"] for clause in step.get("catch", ())]
        queue += [n for way in ways for n in ([way] if isinstance(way, str) else way) if n in fields]
    assert endless == bool(reached & doomed)
    lost = {cause.path[2] for cause in warnings if cause.code == "MA172"}
    assert bool(lost) == bool(set(fields) - reached)
    assert all(steps[index]["id"] not in reached for index in lost)


@settings(max_examples=150)
@given(STEPS)
def test_the_quick_yes_is_never_wrong(steps):
    """A workflow with an `onError` is always looked at closely."""
    steps = [
        {name: [v] if name == "next" and isinstance(v, str) else v for name, v in s.items()} for s in steps
    ]
    quick = workflow_causes("Workflow", {"spec": {"steps": steps}})
    assert quick == workflow_causes("Workflow", {"spec": {"steps": steps, "onError": {}}})


def _decided(step):
    return len(step.get("transitions", {})) == 2 or any(w.get("default") for w in step.get("switch", ()))


@given(st.recursive(st.none() | IDS | st.integers(), lambda v: st.lists(v) | st.dictionaries(IDS, v)))
def test_what_is_no_workflow_is_left_to_the_schema(value):
    for kind in ("Workflow", "System"):
        for spec in (value, {"steps": value}, {"steps": [{"id": "a", "next": value}]}, {"workflows": value}):
            assert isinstance(workflow_causes(kind, {"spec": spec}), list)


LONG = {
    "a chain": lambda n: {"id": f"s{n}", "next": [f"s{n + 1}"], "input": {"from": f"s{n - 1}"}},
    "a chain backwards": lambda n: {"id": f"s{n}", "next": [f"s{n - 1}"]},
    "rounds": lambda n: {"id": f"s{n}", "next": ["s0"], "switch": [{"when": "x", "next": [f"s{n + 1}"]}]},
    "nothing right": lambda n: {
        "id": f"s{n}",
        "next": [f"x{n}"],
        "input": {"from": "s"},
        "output": {"type": "s"},
    },
    "nothing led to": lambda n: {"id": f"s{n}"},
}


@pytest.mark.parametrize("sort", LONG)
def test_the_work_grows_with_the_steps_and_not_faster(sort):
    def calls(count):
        """How many calls the check makes: the same in every run, unlike the time."""
        document = {"spec": {"steps": [LONG[sort](n) for n in range(count)]}}
        made = 0

        def note(_frame, event, _argument):
            nonlocal made
            made += event in {"call", "c_call"}

        sys.setprofile(note)
        try:
            workflow_causes("Workflow", document)
        finally:
            sys.setprofile(None)
        return made

    assert calls(4_200) <= 3 * calls(2_100)
