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


@pytest.mark.parametrize("verb", ["patch", "edit", "replace", "apply"])
def test_a_field_that_must_not_change_is_held_by_every_verb(cli, verb):
    fixed = "rule: self == oldSelf\n                      message: the title is immutable"
    first, _, _ = DEFINITION.partition("rule: size(self)")
    cli.write("crd.yaml", first + fixed + "\n")
    cli.write("pool.yaml", POOL)
    cli.ok("apply", "-f", "crd.yaml", "-f", "pool.yaml")
    cli.write("pool.yaml", POOL.replace("你好世界", "other"))
    cli.environ["EDITOR"] = "sed -i s/你好世界/other/"
    arguments = {
        "patch": ["pool", "p", "-p", '{"spec":{"title":"other"}}'],
        "edit": ["pool", "p"],
    }.get(verb, ["-f", "pool.yaml"])
    result = cli(verb, *arguments)
    assert (result.code, result.out) == (4, "")
    assert "the title is immutable" in result.err
    assert cli.ok("get", "pool", "p", "-o", "jsonpath={.spec.title}").out == "你好世界"


def test_every_manifest_that_breaks_a_rule_about_changes_is_told_with_its_place(cli):
    first, _, _ = DEFINITION.partition("rule: size(self)")
    cli.write("crd.yaml", first + "rule: self == oldSelf\n")
    two = POOL + "---\n" + POOL.replace("name: p", "name: q")
    cli.write("pool.yaml", two)
    cli.ok("apply", "-f", "crd.yaml", "-f", "pool.yaml")
    cli.write("pool.yaml", POOL.replace("你好世界", "other"))
    alone = cli("apply", "-f", "pool.yaml")
    assert (alone.code, alone.out) == (4, "")
    assert (
        "error[rule-failed]: failed rule: self == oldSelf\n  --> pool.yaml:8:10  (.spec.title)" in alone.err
    )
    assert 'error: pool.yaml:1: pool.example.com "p" is invalid: spec.title: ' in alone.err
    cli.write("pool.yaml", two.replace("你好世界", "other"))
    both = cli("apply", "-f", "pool.yaml")
    assert both.code == 4
    assert "  --> pool.yaml:17:10  (.spec.title)" in both.err
    assert both.err.endswith("error: nothing was applied: 2 errors in 1 file\n")
