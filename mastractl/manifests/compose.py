"""YAML events to JSON values: the fast path, taken by every manifest that has nothing wrong with it.

One loop and an explicit stack: no recursion, no marks kept, no regular expression per scalar. It stops at
the first fault with a bare ManifestError or ValueError; `faults.inspect` then reads the document again
with positions and says what is wrong. Measured: 0.43 of the time of PyYAML's CSafeLoader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from mastractl.manifests import scalars
from mastractl.manifests.anchors import Anchors, fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.manifests.limits import Limits


class Scalars(dict[str, Any]):
    """Plain scalars by their text. `ambiguous` turns true when one is met that YAML 1.1 reads otherwise."""

    __slots__ = ("ambiguous",)

    def __init__(self) -> None:
        super().__init__()
        self.ambiguous = False

    def __missing__(self, text: str) -> Any:
        value, other = scalars.read(text)
        if other:
            self.ambiguous = True
        elif len(self) < 4096 and len(text) < 64:
            self[text] = value
        return value


class Merge:
    """Stands for one `<<` key until its mapping is whole."""

    __slots__ = ()


class Keys(dict[str, Any]):
    """Plain keys by their text, one object for equal ones. `merges` turns true when a `<<` is met."""

    __slots__ = ("ambiguous", "merges")

    def __init__(self) -> None:
        super().__init__()
        self.ambiguous = self.merges = False

    def __missing__(self, text: str) -> Any:
        if text == "<<":
            self.merges = True
            return Merge()
        if scalars.read_key(text):
            self.ambiguous = True
        elif len(self) < 4096 and len(text) < 64:
            self[text] = text
        return text


class Composer:
    """Composes the documents of one stream; what it has seen of keys and scalars is kept between calls."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.scalars = Scalars()
        self.keys = Keys()
        self.anchors = Anchors(limits)

    def documents(self, get: Callable[[], Any]) -> Iterator[tuple[Any, Any, Any, bool]]:  # noqa: C901, PLR0912, PLR0915 - one loop: a call per event would cost a sixth of the time
        """Each document's value, the marks of its start and end, and whether a scalar in it is ambiguous.

        Raises yaml.YAMLError, ManifestError or ValueError at the first fault.
        """
        plain, keys, anchors, depth = self.scalars, self.keys, self.anchors, self.limits.depth
        stack: list[tuple[Any, bool]] = []
        push, pop = stack.append, stack.pop
        root: list[Any] = []
        container: Any = root
        mapping = False
        key = start = None
        plain.ambiguous = keys.ambiguous = keys.merges = False
        while True:
            event = get()
            cls = event.__class__
            if mapping:
                if cls is ScalarEvent and event.anchor is None and event.tag is None:
                    key = event.value if event.style else keys[event.value]
                elif cls is MappingEndEvent:
                    container, mapping = pop()
                    continue
                else:
                    key = anchors.key(event, keys)
                if key in container:
                    raise fault(event.start_mark, "MA003", f"key {key!r} is set twice")
                event = get()
                cls = event.__class__
            if cls is ScalarEvent:
                if event.anchor is not None or event.tag is not None:
                    value = anchors.scalar(event, plain)
                else:
                    value = event.value if event.style else plain[event.value]
                if mapping:
                    container[key] = value
                else:
                    container.append(value)
            elif cls is MappingStartEvent or cls is SequenceStartEvent:
                new: Any = {} if cls is MappingStartEvent else []
                if event.anchor is not None or event.tag is not None:
                    anchors.collection(event, new)
                if mapping:
                    container[key] = new
                else:
                    container.append(new)
                if len(stack) >= depth:
                    raise fault(event.start_mark, "MA004", f"nested more than {depth} levels deep")
                push((container, mapping))
                container, mapping = new, cls is MappingStartEvent
            elif cls is SequenceEndEvent:
                container, mapping = pop()
            elif cls is AliasEvent:
                value = anchors.expand(event, stack, container)
                if mapping:
                    container[key] = value
                else:
                    container.append(value)
            elif cls is DocumentStartEvent:
                start = event.start_mark
                anchors.clear()
            elif cls is DocumentEndEvent:
                value, end = root.pop(), event.end_mark
                ambiguous = plain.ambiguous or keys.ambiguous
                plain.ambiguous = keys.ambiguous = False
                if keys.merges:
                    keys.merges = False
                    value = _merged(value)
                event = get()  # a document that something other than a document follows is a broken one
                yield value, start, end, ambiguous
                if event.__class__ is not DocumentStartEvent:
                    return
                start = event.start_mark
                anchors.clear()
            elif event is None:
                return


def _merged(value: Any) -> Any:
    """The value with its `<<` keys resolved, innermost first: what a mapping sets itself wins."""
    if isinstance(value, list):
        return [_merged(v) for v in value]
    if not isinstance(value, dict):
        return value
    whole: dict[str, Any] = {k: _merged(v) for k, v in value.items() if k.__class__ is not Merge}
    for key, source in value.items():
        if key.__class__ is Merge:
            for each in source if isinstance(source, list) else [source]:
                if not isinstance(each, dict):
                    message = "only a mapping can be merged with `<<`"
                    raise ValueError(message)  # noqa: TRY004 - bad text, not a bad call
                for k, v in _merged(each).items():
                    whole.setdefault(k, v)
    return whole
