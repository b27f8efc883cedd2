"""The rules of a definition hold on the command line, with the place of what breaks them."""

from __future__ import annotations

import pytest

DEFINITION = """\
apiVersion: mastra.ai/v1
kind: CustomResourceDefinition
metadata:
  name: pools.example.com
spec:
  group: example.com
  names: {plural: pools, kind: Pool}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              x-kubernetes-validations:
                - rule: self.least <= self.most
                  message: least must not be larger than most
                  fieldPath: .least
              properties:
                least: {type: integer}
                most: {type: integer}
                title:
                  type: string
                  x-kubernetes-validations:
                    - rule: size(self) <= 4
                      messageExpression: "'has ' + string(size(self)) + ' characters, at most 4'"
"""
POOL = """\
apiVersion: example.com/v1
kind: Pool
metadata:
  name: p
spec:
  least: 1
  most: 3
  title: 你好世界
"""


@pytest.mark.parametrize("verb", ["validate", "apply"])
def test_a_resource_that_breaks_a_rule_is_refused_where_it_breaks_it(cli, verb):
    cli.write("crd.yaml", DEFINITION)
    cli.write("pool.yaml", POOL.replace("least: 1", "least: 5").replace("世界", "世界！"))
    result = cli(verb, "-f", "crd.yaml", "-f", "pool.yaml")
    told = result.out + result.err
    assert result.code == 4
    assert (
        "error[rule-failed]: least must not be larger than most\n  --> pool.yaml:6:10  (.spec.least)" in told
    )
    assert "error[rule-failed]: has 5 characters, at most 4\n  --> pool.yaml:8:10  (.spec.title)" in told
    assert "the rule is: self.least <= self.most" in told


def test_a_resource_that_obeys_them_is_applied(cli):
    cli.write("crd.yaml", DEFINITION)
    cli.write("pool.yaml", POOL)
    assert cli.ok("apply", "-f", "crd.yaml", "-f", "pool.yaml").out.splitlines()[-1].endswith("/p created")
    cli.write("pool.yaml", POOL.replace("least: 1", "least: 5"))
    assert cli("apply", "-f", "pool.yaml").code == 4


def test_a_definition_whose_rule_does_not_compile_is_refused(cli):
    cli.write("crd.yaml", DEFINITION.replace("self.most", "self.mots"))
    result = cli("validate", "crd.yaml")
    assert result.code == 4
    assert 'the expression does not compile: undefined field "mots"; did you mean "most"?' in result.out
    assert "--> crd.yaml:20:25" in result.out
    assert "at column 20 of the expression: self.least <= self. \N{RIGHTWARDS ARROW} mots" in result.out


LOCKED = (
    DEFINITION.replace(
        "                title:\n",
        "                owner:\n"
        "                  type: string\n"
        "                  x-kubernetes-validations:\n"
        "                    - {rule: self == oldSelf, message: an owner is for ever}\n"
        "                title:\n",
    )
    .replace(
        "            spec:\n",
        "            status:\n"
        "              type: object\n"
        "              x-kubernetes-validations:\n"
        "                - {rule: self.seen >= oldSelf.seen, message: what was seen stays seen}\n"
        "              properties: {seen: {type: integer}}\n"
        "            spec:\n",
        1,
    )
    .replace("      storage: true\n", "      storage: true\n      subresources: {status: {}}\n")
)
OWNER_FIELD = "                owner: {type: string}\n                title:\n"
OPERATIONS = '[{"op": "replace", "path": "/spec/owner", "value": "eve"}]'
OWNED = POOL + "  owner: mary\n"
TOLD = "error[rule-failed]: an owner is for ever\n --> {}  (.spec.owner)"


class TestRulesAboutWhatStoodThere:
    """`oldSelf`: a document is right by itself, and may still not take the place of what stands."""

    @pytest.fixture
    def owned(self, cli):
        cli.write("crd.yaml", LOCKED)
        cli.write("pool.yaml", OWNED)
        cli.write("other.yaml", OWNED.replace("mary", "eve"))
        cli.ok("apply", "-f", "crd.yaml", "-f", "pool.yaml")
        yield cli
        assert cli.ok("get", "pool", "p", "-o", "json").json["spec"]["owner"] == "mary"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["apply"],
            ["apply", "--server-side"],
            ["apply", "--dry-run=server"],
            ["replace"],
            ["diff"],
        ],
    )
    def test_a_manifest_is_refused_at_the_field(self, owned, arguments):
        result = owned(*arguments, "-f", "other.yaml")
        assert (result.code, result.out) == (4, "")
        assert TOLD.format("other.yaml:9:10") in result.err.replace("  -->", " -->")
        assert " 9 |   owner: eve\n" in result.err
        nothing = {"apply": "applied", "replace": "replaced", "diff": "applied"}[arguments[0]]
        assert result.err.splitlines()[-1] == f"error: nothing was {nothing}: 1 error in 1 file"

    def test_as_json_the_place_is_in_the_cause(self, owned):
        problem = owned("apply", "-f", "other.yaml", "-o", "json").problem
        assert [(c["field"], c["place"]) for c in problem["causes"]] == [(".spec.owner", "other.yaml:9:10")]

    def test_all_manifests_are_told_and_keep_going_applies_the_rest(self, owned):
        many = OWNED.replace("name: p", "name: q") + "---\n" + OWNED.replace("mary", "eve")
        owned.ok("apply", "-f", owned.write("many.yaml", many.replace("eve", "mary")))
        many = many.replace("mary", "eve") + "---\n" + OWNED.replace("name: p", "name: r")
        owned.write("many.yaml", many)
        result = owned("apply", "-f", "many.yaml")
        assert "many.yaml:9:10" in result.err
        assert "many.yaml:19:10" in result.err
        assert result.err.splitlines()[-1] == "error: nothing was applied: 2 errors in 1 file"
        result = owned("apply", "-f", "many.yaml", "--keep-going")
        assert (result.code, result.lines) == (4, ["pool.example.com/r created"])
        assert "error: q was not applied: 1 error in 1 file" in result.err
        assert "error: p was not applied: 1 error in 1 file" in result.err

    def test_a_rule_that_comes_in_the_same_run_counts(self, cli):
        cli.write("crd.yaml", DEFINITION.replace("                title:\n", OWNER_FIELD))
        cli.write("pool.yaml", OWNED)
        cli.ok("apply", "-f", "crd.yaml", "-f", "pool.yaml")
        cli.write("crd.yaml", LOCKED)
        cli.write("pool.yaml", OWNED.replace("mary", "eve"))
        result = cli("apply", "-f", "crd.yaml", "-f", "pool.yaml")
        assert result.code == 4
        assert TOLD.format("pool.yaml:9:10") in result.err.replace("  -->", " -->")

    @pytest.mark.parametrize(
        "arguments",
        [
            ["patch", "pool", "p", "-p", "spec: {owner: eve}"],
            ["patch", "pool", "p", "--type=json", "-p", OPERATIONS],
        ],
    )
    def test_a_change_is_refused_with_the_path(self, owned, arguments):
        result = owned(*arguments)
        assert (result.code, result.out) == (4, "")
        assert 'pool.example.com "p" is invalid: spec.owner: an owner is for ever' in result.err

    def test_what_does_not_touch_it_is_changed(self, owned):
        owned.ok("label", "pool", "p", "a=b")
        owned.ok("annotate", "pool", "p", "a=b")
        owned.ok("patch", "pool", "p", "-p", "spec: {most: 9}")
        owned.ok("apply", "-f", owned.write("pool.yaml", OWNED.replace("least: 1", "least: 2")))
        assert owned.ok("get", "pool", "p", "-o", "json").json["spec"]["least"] == 2

    def test_the_rules_of_a_status(self, owned):
        see = lambda n: ["patch", "pool", "p", "--subresource=status", "-p", f"status: {{seen: {n}}}"]  # noqa: E731
        owned.ok(*see(2))
        owned.ok(*see(3))
        result = owned(*see(1))
        assert (result.code, result.out) == (4, "")
        assert "status: what was seen stays seen" in result.err
        assert owned.ok("get", "pool", "p", "-o", "json").json["status"] == {"seen": 3}


def test_an_edit_that_a_rule_about_changes_forbids_is_not_saved(cli):
    cli.write("crd.yaml", LOCKED)
    cli.write("pool.yaml", OWNED)
    cli.ok("apply", "-f", "crd.yaml", "-f", "pool.yaml")
    cli.environ["EDITOR"] = "sed -i s/mary/eve/"
    result = cli("edit", "pool", "p")
    assert (result.code, result.out) == (4, "")
    assert "an owner is for ever" in result.err
    assert cli.ok("get", "pool", "p", "-o", "jsonpath={.spec.owner}").out == "mary"
