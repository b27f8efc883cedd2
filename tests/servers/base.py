"""What every test server is: started when it is first asked for, killed and restarted at will.

A server dies with the process that started it, however that ends: the kernel is told so (PDEATHSIG).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

PATIENCE = 60.0
"""Seconds for a server to answer after its start."""


class Server:
    """One server. Subclasses say how it is prepared and run, when it is ready, and what its stores' URLs are.

    `directory` holds its data and outlives `stop`, `kill` and `start`: it is the same server then, on the
    same port.
    """

    name = ""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.port = free_port()
        self.process = None
        self._prepared = False
        self._numbers = itertools.count()

    def prepare(self):
        """Make what the server needs in its directory; called once, before the first start."""

    def command(self):
        """The command line that runs it in the foreground."""
        raise NotImplementedError

    def rights(self):
        """With whose rights it is run, as arguments of `Popen`: by default, those of the tests."""
        return {}

    def ready(self):
        """Whether it answers."""
        raise NotImplementedError

    def url(self, store, *, port=None):
        """The URL of a store of that name: a new and empty one, if the name was not used before.

        With `port`, of the same store by way of a proxy on that port.
        """
        raise NotImplementedError

    def new_store(self):
        """A name that no store of this server has."""
        return f"t{os.getpid()}x{next(self._numbers)}"

    def start(self):
        """Run it until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._prepared:
            self.prepare()
            self._prepared = True
        log = (self.directory / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # after the change of rights, which would undo it
                **self.rights(),
            )
        deadline = time.monotonic() + PATIENCE
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = (self.directory / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.name} does not start:\n{text}")
            time.sleep(0.02)
        return self

    def stop(self):
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self):
        """End it as a power failure would, but for the disk."""
        self._end(signal.SIGKILL)

    def restart(self, *, hard=False):
        """End it, and start it again."""
        self.kill() if hard else self.stop()
        self.start()

    def _end(self, how):
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    """Whether something listens there: enough for servers that listen only once they can work."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def die_with_parent():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


_shared = {}


def shared(kind):
    """The one server of a kind that the tests of this process use together, for stores of their own each.

    Tests that restart or kill a server have one of their own.
    """
    if kind not in _shared:
        directory = Path(tempfile.mkdtemp(prefix=f"mastractl-{kind.name}-"))
        server = kind(directory)

        def end():
            server.kill()
            shutil.rmtree(directory, ignore_errors=True)

        atexit.register(end)
        _shared[kind] = server.start()
    return _shared[kind]


def required(program, hint):
    """The path of a program that a server needs; the test is skipped without it (and fails then in CI)."""
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"{program} is not installed: {hint}")
    return found
