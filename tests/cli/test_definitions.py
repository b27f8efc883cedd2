"""CustomResourceDefinitions at the command line: refused where they were written, changed, asked for."""

from __future__ import annotations

import copy
import json

import pytest

SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["url"],
            "properties": {
                "url": {"type": "string"},
                "every": {"type": "integer", "default": 30},
                "note": {"type": "string"},
            },
        }
    },
}


def version(name, *, storage=False, column="spec", schema=SCHEMA):
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "additionalPrinterColumns": [{"name": column, "type": "string", "jsonPath": f".{column}.url"}],
        "schema": {"openAPIV3Schema": copy.deepcopy(schema)},
    }


def definition(*versions, **spec):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "probes.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Probe", "plural": "probes"},
            "versions": list(versions) or [version("v1beta1", column="Old"), version("v1", storage=True)],
            **spec,
        },
    }


def probe(**spec):
    return {
        "apiVersion": "example.com/v1",
        "kind": "Probe",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": {"url": "http://a", **spec},
    }


def tight():
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["spec"]["properties"]["url"]["maxLength"] = 3
    return definition(version("v1beta1"), version("v1", storage=True, schema=schema))


def write(cli, name, *manifests):
    cli.write(name, "---\n".join(json.dumps(each, indent=1) + "\n" for each in manifests))


@pytest.fixture
def probes(cli):
    write(cli, "probes.yaml", definition(), probe())
    cli.ok("apply", "-f", "probes.yaml")


def test_a_definition_can_be_waited_for(cli, probes):
    met = cli.ok("wait", "--for=condition=Established", "crd/probes.example.com", "--timeout=0")
    assert met.out == "customresourcedefinition.mastra.ai/probes.example.com condition met\n"
    assert cli.ok("get", "crd", "-o", "jsonpath={.items[0].status.storedVersions}").out == '["v1"]'


def test_a_version_can_be_asked_for(cli, probes):
    assert "OLD" in cli.ok("get", "probes.v1beta1.example.com").out
    assert "SPEC" in cli.ok("get", "probes").out
    shown = cli.ok("get", "probes.v1beta1.example.com", "a", "-o", "yaml").out
    assert shown.startswith("apiVersion: example.com/v1beta1\n")
    assert "  every: 30\n" in shown
    assert "VERSION:    v1beta1" in cli.ok("explain", "probes", "--api-version", "v1beta1").out
    assert cli("get", "probes.v9.example.com").code == 3


def test_null_is_left_out_and_said_so(cli):
    write(cli, "null.yaml", definition(), probe(note=None))
    done = cli.ok("apply", "-f", "null.yaml")
    assert "warning[null-value]: null says nothing here: the field is left out" in done.err
    assert cli.ok("get", "probe", "a", "-o", "jsonpath={.spec.note}").out == ""


def test_a_schema_that_forbids_what_stands_is_told_and_what_stands_can_be_mended(cli, probes):
    write(cli, "tight.yaml", tight())
    done = cli.ok("apply", "-f", "tight.yaml")
    assert "warning[outdated-resources]: 1 stored probe does not obey the new schema: default/a" in done.err
    assert "--> tight.yaml:" in done.err
    assert "http://a" in cli.ok("get", "probes").out
    write(cli, "a.yaml", probe(note="changed"))
    assert cli.ok("apply", "-f", "a.yaml").out == "probe.example.com/a configured\n"
    assert cli.ok("label", "probe", "a", "x=y").out == "probe.example.com/a labeled\n"
    write(cli, "worse.yaml", probe(url="http://b"))
    worse = cli("apply", "-f", "worse.yaml")
    assert worse.code == 4
    assert "must have at most 3 characters, found 8" in worse.err
    write(cli, "mended.yaml", probe(url="b"))
    assert cli.ok("apply", "-f", "mended.yaml").out == "probe.example.com/a configured\n"


def test_what_resources_need_cannot_change_and_the_place_is_told(cli, probes):
    write(cli, "bad.yaml", definition(version("v2", storage=True), scope="Cluster"))
    refused = cli("apply", "-f", "bad.yaml")
    assert refused.code == 4
    assert "the scope cannot change from Namespaced to Cluster" in refused.err
    assert "the version v1 cannot go: 1 resource is stored in it" in refused.err
    assert refused.err.count("--> bad.yaml:") == 2
    assert "nothing was applied" in refused.err


def test_a_file_that_defines_a_kind_is_in_force_as_well(cli):
    cli.write("store/customresourcedefinition/_cluster/probes.example.com.json", json.dumps(definition()))
    cli.ok("get", "probes")
    cli.ok("wait", "--for=condition=Established", "crd/probes.example.com", "--timeout=5")
