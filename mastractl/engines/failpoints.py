"""Named places where a test may stop the process, to prove that it could have died there.

In production a failpoint is one function call that does nothing. Nothing but `install` arms them:
no environment variable, no configuration, so that no user can meet one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = (
    "staged",  # the temporary files are written, the log knows nothing
    "logged",  # the log rows are written, their transaction is still open
    "committed",  # the transaction is durable, no file has been touched
    "placed",  # one file has been renamed into place (reached once for each file)
    "materialised",  # all files are in place, their signatures not yet committed
    "settled",  # the commit is over
    "ingested",  # external edits are logged, their transaction is still open
)
"""Every failpoint, in the order in which a commit passes them."""


def _nothing(name: str) -> None:
    del name


_hook: Callable[[str], None] = _nothing


def install(hook: Callable[[str], None] | None) -> None:
    """Have `hook(name)` called at every failpoint of this process; None takes it away again."""
    global _hook  # noqa: PLW0603 - one process, one hook
    _hook = hook or _nothing


def failpoint(name: str) -> None:
    """Die here, if a test says so."""
    _hook(name)
