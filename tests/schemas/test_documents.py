"""Documents of each kind, as users write them: those that are taken, and those that are refused and why.

`<kind>/valid/*.yaml` are admitted without a remark. `<kind>/invalid/*.yaml` are named for their fault and
begin with what is expected of them: a line `# expect: <code> <path>` for each fault and no more.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mastractl.errors import format_path
from mastractl.manifests import bundled, yamldoc
from mastractl.resources.admission import admit

HERE = Path(__file__).parent
KINDS = sorted(kind.kind.lower() for kind in bundled.kinds())
VALID = sorted(HERE.glob("*/valid/*.yaml"))
INVALID = sorted(HERE.glob("*/invalid/*.yaml"))
SEEDS = sorted(HERE.glob("seeds/*.yaml"))


def label(path):
    return str(path.relative_to(HERE).with_suffix(""))


def admitted(path):
    (document,) = yamldoc.load(path.read_bytes())
    return admit(document.value, bundled.kinds())


def told(causes):
    return [f"{cause.code} {format_path(cause.path)}" for cause in causes]


@pytest.mark.parametrize("path", VALID, ids=label)
def test_a_valid_document_is_admitted(path):
    found = admitted(path)
    assert told(found.causes) == []
    assert told(w for w in found.warnings if w.code != "MA121") == []
    assert found.resource.kind.lower() == path.parent.parent.name


@pytest.mark.parametrize("path", INVALID, ids=label)
def test_an_invalid_document_is_refused_for_its_fault(path):
    expected = [
        line.split(":", 1)[1].strip()
        for line in path.read_text().splitlines()
        if line.startswith("# expect:")
    ]
    found = admitted(path)
    assert expected
    assert sorted(told(found.causes)) == sorted(expected)
    assert all(cause.message for cause in found.causes)
    assert found.resource is None


@pytest.mark.parametrize("path", SEEDS, ids=label)
def test_every_document_of_the_seeds_is_admitted_as_written(path):
    found = admitted(path)
    assert told(found.causes) == []
    assert found.resource.name


def test_the_seeds_hold_seven_documents():
    assert len(SEEDS) == 7


def test_what_the_seeds_remark_on():
    remarks = {label(path): told(admitted(path).warnings) for path in SEEDS}
    assert {name: found for name, found in remarks.items() if found} == {
        "seeds/3.2-crd-datasources": ["MA121 .spec.validation"],
        "seeds/4.1-agent-recipe-assistant": ["MA120 .status"],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_documents_enough(kind):
    assert len(list(HERE.glob(f"{kind}/valid/*.yaml"))) >= 4
    assert len(list(HERE.glob(f"{kind}/invalid/*.yaml"))) >= 6


@pytest.mark.parametrize("path", [*VALID, *SEEDS], ids=label)
def test_what_was_admitted_is_admitted_again_unchanged(path):
    once = admitted(path).resource
    again = admit(once.document, bundled.kinds())
    assert told(again.causes) == told(again.warnings) == []
    assert again.resource == once
