"""The diagnostic codes: what each one is called and what it means.

A code never changes its meaning and is never given out twice; `mastractl explain-error CODE` prints the
paragraph, so it says what is wrong and what to do about it.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """A code's short kebab-case name and its explanation."""

    name: str
    text: str


CODES: dict[str, Code] = {
    "MA001": Code(
        "io",
        "A file, directory or stream that was named could not be read, or there is nothing of that name. "
        "Check the path and its permissions. A directory is read one level deep unless --recursive is given.",
    ),
    "MA002": Code(
        "syntax",
        "The text is neither YAML nor JSON. The position is where the parser gave up, so the mistake may "
        "stand a little before it: most often a missing quote, a tab, or an indentation that does not fit.",
    ),
    "MA003": Code(
        "duplicate-key",
        "A mapping sets the same key twice. Most readers silently keep the last one, so the first would be "
        "lost; remove one of them.",
    ),
    "MA004": Code(
        "limit",
        "The document is larger, more deeply nested, or expands to more values through aliases than a "
        "manifest may. Split it, or write the values out.",
    ),
    "MA005": Code(
        "bad-scalar",
        "A value or key that JSON cannot hold: NaN, an infinity, an integer beyond 64 bits, an unknown tag, "
        "or a key that is no text. Quote it if it is meant as text.",
    ),
    "MA006": Code(
        "ambiguous-scalar",
        "An unquoted word that readers of YAML 1.1 take for something else: NO for false, 1:30 for 90, 0777 "
        "for 511, 2026-01-01 for a date. mastractl reads YAML 1.2; quote the word so that all tools agree.",
    ),
    "MA007": Code(
        "not-a-manifest",
        "The document is not an object with apiVersion, kind and metadata.name, or the file holds no "
        "document at all.",
    ),
    "MA008": Code(
        "no-canonical-form",
        "`mastractl fmt` left the file as it is: written in the canonical form it would not say the same, as "
        "with a key of more than a thousand characters.",
    ),
    "MA010": Code(
        "unknown-kind",
        "No bundled kind and no CustomResourceDefinition of the store or of this run has that kind in that "
        "API group. `mastractl api-resources` lists the types there are.",
    ),
    "MA011": Code(
        "unknown-version",
        "The kind exists, but not in this apiVersion, or the version is no longer served.",
    ),
    "MA012": Code(
        "duplicate-resource",
        "Two documents of one run name the same resource. If they are equal this is a warning; if they "
        "differ it is an error, since only one of them could win.",
    ),
    "MA013": Code(
        "namespace-mismatch",
        "The document names another namespace than the one asked for with --namespace, or names one "
        "although its kind lives in none.",
    ),
    "MA101": Code(
        "unknown-field",
        "The schema has no such field here. Usually a typing error or a wrong indentation; it would be "
        "dropped silently if it were let through. `mastractl explain KIND.FIELD` lists the fields.",
    ),
    "MA102": Code("missing-field", "A field that the schema requires is not there."),
    "MA103": Code(
        "wrong-type",
        "The value has another type than the schema asks for: text where a number should stand, an object "
        "where a list should stand. Unquoted numbers and true/false are not text: quote them.",
    ),
    "MA104": Code("not-in-enum", "The value is none of those that the schema lists."),
    "MA105": Code("bad-format", "The text does not match the pattern or format that the schema asks for."),
    "MA106": Code(
        "out-of-range",
        "The value is too small or too large, too short or too long, or has too few or too many parts.",
    ),
    "MA107": Code(
        "duplicate-item",
        "A list that is a set holds a value twice, or a list keyed by a field holds two items of one key.",
    ),
    "MA108": Code(
        "no-alternative",
        "The value fits none of the schema's alternatives (oneOf, anyOf), too many of them, or one that is "
        "forbidden (not).",
    ),
    "MA109": Code("null-value", "The field is null, and its schema does not allow that. Remove the field."),
    "MA110": Code(
        "bad-metadata",
        "A name, namespace, label, annotation or other part of metadata breaks the rules of Kubernetes: "
        "names are lower-case words of letters, digits, `-` and `.`.",
    ),
    "MA114": Code(
        "masked-value",
        "The field holds the mask *** that is shown in place of a sensitive value. A manifest exported "
        "without --show-secrets would overwrite the value with its mask, so it is refused. Write the value, "
        "or better where it comes from: ${env.NAME}.",
    ),
    "MA120": Code(
        "status-ignored",
        "Status is written by controllers; what a manifest says about it is left out.",
    ),
    "MA121": Code("deprecated", "The form is an old one. It still works; the hint says what to write now."),
    "MA122": Code(
        "dangling-reference",
        "The document refers to a resource that exists neither in the store nor in this run.",
    ),
    "MA123": Code("bad-reference", "The reference is not of the form NAME, NAMESPACE.NAME or KIND/NAME."),
    "MA130": Code(
        "bad-definition",
        "The CustomResourceDefinition breaks a rule of its own: its name, its versions, or its schema.",
    ),
    "MA132": Code(
        "rule-failed",
        "A rule of the schema (x-kubernetes-validations, written in CEL) says that the value is not allowed. "
        "The message is the rule's own; the hint shows the rule.",
    ),
    "MA133": Code(
        "rule-error",
        "A rule of the schema (x-kubernetes-validations) could not be evaluated for the value: it takes a "
        "field that is not there, overflows, or takes too many steps. Usually the rule should ask "
        "has(self.field) first.",
    ),
    "MA134": Code(
        "outdated-resources",
        "The schema of a definition was changed, and resources in the store do not obey the new one. They "
        "stay as they are and can be read; what did not change is tolerated when they are updated.",
    ),
    "MA140": Code(
        "bad-json-schema",
        "A tool's inputSchema or outputSchema is not a valid JSON Schema.",
    ),
    "MA150": Code(
        "bad-patch",
        "A patch that cannot be carried out on the resource as it stands: an operation's path leads nowhere, "
        "or a `test` does not hold. Nothing was changed; operations are counted from 0.",
    ),
    "MA152": Code(
        "edited-meanwhile",
        "Somebody else changed the field in the store while it was being edited, and to another value. "
        "Saving the file once more, with any change or without this remark, puts yours in its place.",
    ),
    "MA151": Code(
        "immutable-field",
        "A field that is settled when a resource is made and stays for as long as it lives: its name, "
        "namespace, uid, kind and API group. To change one, create another resource and delete this one.",
    ),
    "MA160": Code(
        "field-conflict",
        "What is applied sets a field that another field manager owns, to another value. Take it over with "
        "--force-conflicts, leave it out of the manifest, or write the value that it has now.",
    ),
    "MA161": Code(
        "taken-over",
        "A plain apply set a field that another manager had applied with another value, so that it is this "
        "manifest's from now on. Two sources that apply one field overwrite each other in turn: let only one "
        "of them name it. `apply --server-side` refuses instead of taking over.",
    ),
    "MA170": Code(
        "unknown-step",
        "`initialStep`, `next` or another way on names a step that the workflow does not have, or that "
        "stands in another branch: a branch leads to its own steps only. `END` ends a path.",
    ),
    "MA171": Code(
        "bad-step-id",
        "A step's id is that of another step, perhaps in another branch, or the word END, which ends a path.",
    ),
    "MA172": Code(
        "unreachable-step",
        "No step leads to this one, so that it never runs. A step without `next` ends its path: it does not "
        "go on with the step below it. A run starts with `initialStep`, or else with the first step.",
    ),
    "MA173": Code(
        "endless-round",
        "The steps lead back to each other and none of them leads anywhere else, so that no run ever ends. "
        "Let one of them lead out of the round, by `switch`, by a condition, or with next: END.",
    ),
    "MA174": Code(
        "unbounded-round",
        "The steps lead back to each other and nothing bounds how often: a condition that never turns would "
        "cost without end. Give the workflow a `timeout`, or use `loop`, which has maxIterations.",
    ),
    "MA175": Code(
        "ambiguous-input",
        "`input.from` names an output.type that several of the steps that lead here give. Give their outputs "
        "types of their own, or name a step by its id.",
    ),
    "MA176": Code(
        "unresolved-input",
        "`input.from` names neither an output.type nor the id of a step that leads here, so that there is "
        "nothing to give to the step when it begins.",
    ),
    "MA177": Code(
        "recursive-workflow",
        "A workflow runs itself, perhaps by way of others. Without a condition that ends this, its runs "
        "start each other for ever.",
    ),
    "MA178": Code(
        "ambiguous-function",
        "Two tools of an agent offer functions of one name. A model calls a function by its name alone, so "
        "that nobody could say which is meant: rename one, or leave one of the tools out.",
    ),
    "MA179": Code(
        "child-twice",
        "A child of a System has the name of another resource of its kind and namespace, or of a child of "
        "another System. Children become resources of the System's namespace: rename or remove one of them.",
    ),
}

_BY_NAME = {code.name: number for number, code in CODES.items()}


def name_of(code: str) -> str:
    """`unknown-field` for `MA101`; the code itself where it is none of ours."""
    return CODES[code].name if code in CODES else code


def find(word: str) -> str:
    """The code a person means by `MA101`, `ma101` or `unknown-field`; "" if there is none."""
    return word.upper() if word.upper() in CODES else _BY_NAME.get(word.lower(), "")
