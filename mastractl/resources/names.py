"""What names, labels and annotations may look like, and what to write instead.

The rules are Kubernetes' (apimachinery `validation`), and two of a store of files: `<name>.json` must fit
the 255 bytes of a file name, and a directory tree must also be readable where Windows is. Every function
takes the text and answers "" when it is fine, or one sentence that says what is wrong and, where one can be
derived, names a valid spelling.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LIMIT = 250
"""Bytes of a resource name: 255 of a file name less `.json`."""

LABEL_LIMIT = 63
"""Characters of a namespace, a label's name part and a label's value (RFC 1123)."""

PREFIX_LIMIT = 253
"""Characters of the domain before the slash of a label key (RFC 1123)."""

ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all annotation keys and values of one resource together."""

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_label = re.compile(_LABEL).fullmatch
_subdomain = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch
_qualified = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?").fullmatch
_windows = frozenset(
    ("con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10)))
)
_ENDS = "starting and ending with a letter or digit"
_STANDARD_FINALIZERS = frozenset(("kubernetes", "orphan", "foregroundDeletion"))


def name_problem(text: str) -> str:
    """What keeps the text from naming a resource.

    A name is a DNS-1123 subdomain of at most 250 bytes that is no reserved device name of Windows.
    """
    if len(text) <= NAME_LIMIT and _subdomain(text) and text.partition(".")[0] not in _windows:
        return ""
    if not text:
        return "a name must not be empty"
    if _subdomain(text) and len(text) > NAME_LIMIT:
        return f"the name has {len(text)} characters; at most {NAME_LIMIT} are allowed"
    if _subdomain(text):
        return _reserved(text)
    rule = f"lower case letters, digits, '-' and '.' only, {_ENDS}"
    return f"{_short(text)} is not a valid name: {rule}{_advice(text, dots=True)}"


def namespace_problem(text: str) -> str:
    """What keeps the text from naming a namespace: a DNS-1123 label, no reserved device name of Windows."""
    if len(text) <= LABEL_LIMIT and _label(text) and text not in _windows:
        return ""
    if not text:
        return "a namespace must not be empty"
    if _label(text) and len(text) > LABEL_LIMIT:
        return f"the namespace has {len(text)} characters; at most {LABEL_LIMIT} are allowed"
    if _label(text):
        return _reserved(text)
    rule = f"lower case letters, digits and '-' only, {_ENDS}"
    return f"{_short(text)} is not a valid namespace: {rule}{_advice(text, dots=False)}"


@lru_cache(maxsize=1024)
def label_key_problem(text: str) -> str:
    """What keeps the text from being the key of a label or annotation: `[domain/]name`."""
    prefix, slash, name = text.rpartition("/")
    if len(name) <= LABEL_LIMIT and _qualified(name) and not slash:
        return ""
    if slash and (not _subdomain(prefix) or len(prefix) > PREFIX_LIMIT):
        found = f"{_short(prefix)} before the '/' is none" if prefix else "nothing stands before the '/'"
        return (
            f"{_short(text)} is not a valid key: before a '/' belongs a domain such as example.com; {found}"
        )
    if len(name) > LABEL_LIMIT:
        return (
            f"the key {_short(text)} has a name of {len(name)} characters; at most {LABEL_LIMIT} are allowed"
        )
    if _qualified(name):
        return ""
    rule = f"letters, digits, '-', '_' and '.' only, {_ENDS}"
    return f"{_short(text)} is not a valid key: {rule}; a domain may stand before it (example.com/name)"


@lru_cache(maxsize=4096)
def label_value_problem(text: str) -> str:
    """What keeps the text from being a label's value: empty, or at most 63 letters, digits, `-`, `_`, `.`."""
    if not text or (len(text) <= LABEL_LIMIT and _qualified(text)):
        return ""
    if len(text) > LABEL_LIMIT:
        long = f"the label value {_short(text)} has {len(text)} characters; at most {LABEL_LIMIT} are allowed"
        return f"{long} (an annotation has no such limit)"
    rule = f"letters, digits, '-', '_' and '.' only, {_ENDS}"
    advice = _slug(text, r"[^A-Za-z0-9_.]+")
    meant = f"; did you mean {advice!r}?" if _qualified(advice) and len(advice) <= LABEL_LIMIT else ""
    meant = _UNRENDERED if "{{" in text else meant
    return f"{_short(text)} is not a valid label value: {rule}{meant}"


def annotations_problem(annotations: Mapping[str, str]) -> str:
    """What is wrong with a set of annotations as a whole: keys and values together have 256 KiB."""
    if sum(map(len, annotations)) + sum(map(len, annotations.values())) <= ANNOTATIONS_LIMIT // 4:
        return ""  # no character has more than four bytes
    size = sum(len(text.encode(errors="replace")) for pair in annotations.items() for text in pair)
    if size <= ANNOTATIONS_LIMIT:
        return ""
    return f"the annotations have {size} bytes together; at most {ANNOTATIONS_LIMIT} (256 KiB) are allowed"


def finalizer_problem(text: str) -> str:
    """What keeps the text from being a finalizer: `domain/name`, a domain, or one of the three standard ones.

    Kubernetes takes a domain alone with a warning; operators that are widely used have such finalizers.
    """
    if text in _STANDARD_FINALIZERS:
        return ""
    if "/" not in text and "." not in text:
        return f"{_short(text)} is not a valid finalizer: it needs a domain, as in example.com/cleanup"
    return label_key_problem(text).replace("key", "finalizer", 1)


def dns_label_problem(text: str) -> str:
    """What keeps the text from being a DNS-1035 label, as the names in a definition are."""
    if len(text) <= LABEL_LIMIT and _label(text) and not text[0].isdigit():
        return ""
    rule = "lower case letters, digits and '-', first a letter, at most 63 characters"
    return f"{_short(text)} is not a valid DNS label ({rule})"


def subdomain_problem(text: str) -> str:
    """What keeps the text from being a DNS-1123 subdomain, as an API group is."""
    if len(text) <= PREFIX_LIMIT and _subdomain(text):
        return ""
    return (
        f"{_short(text)} is not a domain name such as example.com (lower case letters, digits, '-' and '.')"
    )


def _reserved(text: str) -> str:
    device = text.partition(".")[0]
    return (
        f"{_short(text)} is reserved: Windows cannot hold a file named {device!r}; did you mean 'my-{text}'?"
    )


_UNRENDERED = "; it looks like a template that was not rendered"


def _advice(text: str, *, dots: bool) -> str:
    if "{{" in text:
        return _UNRENDERED
    allowed = r"[^a-z0-9.]+" if dots else r"[^a-z0-9]+"
    worded = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
    advice = re.sub(r"[-.]*\.[-.]*", ".", _slug(worded.lower(), allowed))
    good = advice and not (name_problem(advice) if dots else namespace_problem(advice))
    return f"; did you mean {advice!r}?" if good else ""


def _slug(text: str, refused: str) -> str:
    import unicodedata  # noqa: PLC0415 - a large table, needed for advice only

    plain = unicodedata.normalize("NFKD", text[:NAME_LIMIT]).encode("ascii", "ignore").decode()
    return re.sub(refused, "-", plain).strip("-._")


def _short(text: str) -> str:
    return repr(text) if len(text) <= 63 else repr(text[:60] + "...")
