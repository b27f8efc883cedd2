"""The order of a merged list: as structured merge has it, for map lists and sets alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NONE = -1


def interleaved(live: list[str], given: list[str]) -> Iterator[tuple[int, int]]:
    """Of which live and given item each item of the merged list is made; NONE where there is no such one.

    `live` and `given` are the elements of the items. The given order is kept. Live items that are not given
    stay between the neighbours they had, as far as the given order lets them. An element that occurs more
    than once among the live ones is not merged: the given item takes the place of all.
    """
    if live == given and len(set(live)) == len(live):
        yield from ((i, i) for i in range(len(live)))
        return
    wanted = frozenset(given)
    source: dict[str, int] = {}
    for index, element in enumerate(live):
        source[element] = NONE if element in source else index
    shared = iter([element for element in given if element in source])
    awaited = next(shared, None)
    placed: set[str] = set()
    i = j = 0
    while i < len(live) or j < len(given):
        if i < len(live):
            element = live[i]
            if element not in wanted:
                yield i, NONE
                i += 1
                continue
            if j < len(given):
                if element != given[j] and awaited not in {None, element}:
                    i += 1  # it comes where the given order has it
                    continue
                i += element == given[j] or element in placed
            else:
                i += 1  # everything given is placed
                continue
        element = given[j]
        yield source.get(element, NONE), j
        placed.add(element)
        j += 1
        if element == awaited:
            awaited = next(shared, None)
