"""What the parts of the compiler ask of the whole: for the type checker only, so it costs no start-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mastractl.resources.cel.code import Code
    from mastractl.resources.cel.fault import CelError
    from mastractl.resources.cel.syntax import Node
    from mastractl.resources.cel.types import Type


class Scope(Protocol):
    """What the parts of the compiler ask of the whole."""

    @property
    def homogeneous(self) -> bool:
        """Whether the items of a literal must be of one type."""
        ...

    def code(self, node: Node) -> Code:
        """The code of a node. Raises CelError where it cannot be understood."""
        ...

    def mixed(self, node: Node) -> Code:
        """The code of a node in which the items of literals may be of several types."""
        ...

    def within(self, node: Node, variables: Mapping[str, tuple[int, Type]]) -> Code:
        """The code of a node in which further variables are known."""
        ...

    def place(self) -> int:
        """A new place in the frame, for a variable of a macro."""
        ...

    def refused(self, fault: CelError) -> Code:
        """What becomes of something that does not exist. Raises the fault where names are checked."""
        ...
