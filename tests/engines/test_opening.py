from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.contract import Put, adopt_as_is
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.opening import available, mask, open_engine, register, unregister
from mastractl.engines.wrappers import keyring
from mastractl.testing.clocks import FakeClock


@pytest.fixture
def opened(monkeypatch):
    """What the file engine was opened with; nothing is opened."""
    calls = []

    def engine(path, *, adopt, clock, read_only):
        calls.append((path, adopt, clock, read_only))
        return object()

    module = types.SimpleNamespace(FileEngine=engine)
    monkeypatch.setitem(sys.modules, "mastractl.engines.filesystem", module)
    return calls


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Installs packages that provide engines: the function takes a scheme and what its entry point names."""

    def install(scheme, target, package="their-engine"):
        folder = tmp_path / f"{package.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[mastractl.engines]\n{scheme} = {target}\n")
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    return install


@pytest.fixture
def scheme():
    """A scheme that is free, and free again afterwards."""
    yield "test-scheme"
    if "test-scheme" in available():
        unregister("test-scheme")


def path_of(calls):
    ((path, _, _, _),) = calls
    return os.fspath(path)


def test_memory_is_new_and_empty_each_time():
    one, two = open_engine("memory:"), open_engine("memory:")
    assert isinstance(one, MemoryEngine)
    one.commit([Put("res/a", b"{}")])
    assert two.revision() == 0
    assert one.identity != two.identity


def test_the_clock_is_handed_on():
    engine = open_engine("memory:", clock=FakeClock(100))
    assert engine.commit([Put("res/a", b"{}")]).changes[0].at == 100


@pytest.mark.parametrize("url", ["memory:name", "memory://", "memory:///x", "memory:?a=b"])
def test_a_memory_store_has_no_name(url):
    with pytest.raises(errors.ConfigError, match="no names") as caught:
        open_engine(url)
    assert "memory:" in caught.value.hint


def test_a_read_only_memory_store_makes_no_sense():
    with pytest.raises(errors.ConfigError, match="empty for ever"):
        open_engine("memory:", read_only=True)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/var/store", "/var/store"),
        ("/var/a store%20?x#y", "/var/a store%20?x#y"),
        ("file:/var/store", "/var/store"),
        ("file:///var/store", "/var/store"),
        ("file://localhost/var/store", "/var/store"),
        ("FILE:///var/store", "/var/store"),
        ("file:///var/a%20store%3Fx", "/var/a store?x"),
        ("file:/var/100%", "/var/100%"),
        ("file:/var/%E8%8F%9C", "/var/菜"),
        ("file:/var/store?mode=rw", "/var/store"),
        ("store", "{here}/store"),
        ("./store", "{here}/store"),
        ("./a:b", "{here}/a:b"),
        ("./file:x", "{here}/file:x"),
        (".", "{here}"),
        ("..", "{here}/.."),
        ("file:store", "{here}/store"),
        ("file:./store", "{here}/store"),
        ("file:.", "{here}"),
        ("~", "{home}"),
        ("~/store", "{home}/store"),
        ("file:~/store", "{home}/store"),
        ("file:///~/store", "{home}/store"),
        ("./~", "{here}/~"),
        ("a~b", "{here}/a~b"),
    ],
)
def test_a_file_store_is_a_path(url, path, opened, tmp_path, monkeypatch, own_home):
    monkeypatch.chdir(tmp_path)
    open_engine(url)
    assert path_of(opened) == path.format(here=tmp_path, home=own_home)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (r"C:\store", r"C:\store"),
        ("C:/store", "C:/store"),
        ("c:store", "c:store"),
        (r"file:C:\store", r"C:\store"),
        ("file:///C:/store", "C:/store"),
    ],
)
def test_a_windows_drive_is_no_scheme(url, path, opened):
    """Here such a path is relative; what matters is that it reaches the engine as it was written."""
    open_engine(url)
    assert path_of(opened).removeprefix(f"{Path.cwd()}/") == path


def test_a_path_object_is_always_a_path(opened):
    open_engine(PurePosixPath("/var/memory:"))
    assert path_of(opened) == "/var/memory:"
    opened.clear()
    open_engine(PurePosixPath("memory:"))
    assert path_of(opened) == f"{Path.cwd()}/memory:"


@pytest.mark.parametrize(
    ("url", "asked", "read_only"),
    [
        ("/s", False, False),
        ("/s", True, True),
        ("file:/s", True, True),
        ("file:/s?mode=ro", False, True),
        ("file:/s?mode=rw", False, False),
        ("file:/s?mode=rw", True, True),
    ],
)
def test_a_file_store_may_be_opened_to_read_only(url, asked, read_only, opened):
    open_engine(url, read_only=asked)
    assert opened[0][3] is read_only


def test_a_file_store_is_given_what_it_needs(opened):
    def adopt(key, document, previous, now):
        return b"{}"

    clock = FakeClock()
    open_engine("/s", adopt=adopt, clock=clock)
    open_engine("/s")
    assert opened[0][1:3] == (adopt, clock)
    assert opened[1][1] is adopt_as_is
    assert isinstance(opened[1][2], SystemClock)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no path"),
        ("file:", "no path"),
        ("file://", "no path"),
        ("file:?mode=ro", "no path"),
        ("file://host", "names a host"),
        ("file://host/var/store", "names a host"),
        ("file://~/store", "names a host"),
        ("file:/s?mode=rx", "a parameter other than"),
        ("file:/s?vfs=shared", "a parameter other than"),
        ("file:/s?mode=ro&mode=rw", "a parameter other than"),
        ("/a\0b", "names no directory"),
        ("file:/a%00b", "names no directory"),
        ("~nobody-of-that-name/store", "no such home directory"),
        ('"postgresql://host/db"', "neither a URL nor a path"),
        (" redis://host", "neither a URL nor a path"),
        ("://x", "neither a URL nor a path"),
        ("file://alice:hunter2@host/s", "names a host"),
        ("file:/s?password=hunter2", "a parameter other than"),
        ("memory://alice:hunter2@host", "no names"),
        (" redis://alice:hunter2@host", "neither a URL nor a path"),
    ],
)
def test_what_names_no_store_is_refused(url, says, opened):
    with pytest.raises(errors.ConfigError) as caught:
        open_engine(url)
    assert says in caught.value.message
    assert caught.value.hint
    assert "hunter2" not in str(caught.value.to_status())
    assert opened == []


@pytest.mark.parametrize(
    "url",
    [
        "mongodb:store",
        "postgresql+psycopg://host/db",
        "memcached://host:6379/0",
        "prisma:schema.prisma",
        "http://host",
        "https://host",
        "MEMCACHED://host",
        "kubernetes:",
    ],
)
def test_an_unknown_scheme_is_an_error_that_says_what_there_is(url, opened):
    with pytest.raises(errors.ConfigError, match="no engine for") as caught:
        open_engine(url)
    assert url.partition(":")[0].lower() in caught.value.message
    for known in available():
        assert f"{known}:" in caught.value.hint
    assert "mastractl.engines" in caught.value.hint
    assert opened == []


def test_a_slip_of_the_finger_is_guessed():
    with pytest.raises(errors.ConfigError, match="did you mean memory:"):
        open_engine("memroy:")


def test_built_in_schemes_are_available():
    assert {"file", "memory"} <= set(available())
    assert list(available()) == sorted(available())


def test_a_program_may_register_a_scheme(scheme):
    calls = []

    def factory(url, *, adopt, clock, read_only):
        calls.append((url, adopt, clock.now(), read_only))
        return MemoryEngine(identity="theirs")

    register(scheme, factory)
    assert scheme in available()
    engine = open_engine("TEST-scheme://user:secret@host/x?y=z", clock=FakeClock(7), read_only=True)
    assert engine.identity == "theirs"
    assert calls == [("TEST-scheme://user:secret@host/x?y=z", adopt_as_is, 7, True)]
    unregister(scheme)
    assert scheme not in available()
    with pytest.raises(errors.ConfigError):
        open_engine(f"{scheme}:x")


@pytest.mark.parametrize("name", ["file", "memory"])
def test_a_scheme_is_taken_once(name):
    with pytest.raises(ValueError, match="taken"):
        register(name, lambda url, **_: MemoryEngine())


@pytest.mark.parametrize("name", ["", "c", "A", "Abc", "1ab", "a b", "a:", "a/b", "ab\n"])
def test_a_scheme_is_spelt_as_in_a_url(name):
    with pytest.raises(ValueError, match="is no scheme"):
        register(name, lambda url, **_: MemoryEngine())


def test_an_installed_package_may_bring_an_engine(plugins):
    folder = plugins("theirs", "their_engine_module:open_theirs")
    (folder / "their_engine_module.py").write_text(
        "from mastractl.engines.memory import MemoryEngine\n"
        "def open_theirs(url, *, adopt, clock, read_only):\n"
        "    return MemoryEngine(identity=url, clock=clock)\n"
    )
    assert "theirs" in available()
    assert open_engine("theirs:x").identity == "theirs:x"
    with pytest.raises(errors.ConfigError) as caught:
        open_engine("others:x")
    assert "theirs:" in caught.value.hint


@pytest.mark.parametrize("target", ["no_such_module_at_all:factory", "os:no_such_name", "json.decoder:"])
def test_a_package_that_cannot_be_loaded_is_named(plugins, target):
    plugins("broken", target)
    with pytest.raises(errors.PluginError, match="their-engine") as caught:
        open_engine("broken://user:secret@host")
    assert "their-engine" in caught.value.hint
    assert "secret" not in caught.value.message
    assert caught.value.__cause__ is not None


def test_an_installed_package_cannot_take_a_built_in_scheme(plugins):
    plugins("memory", "no_such_module_at_all:factory")
    assert isinstance(open_engine("memory:"), MemoryEngine)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://alice:hunter2@host/db", "postgresql://alice:***@host/db"),
        ("postgresql://alice:hun@ter2@host/db", "postgresql://alice:***@host/db"),
        ("postgresql://alice:hun/ter2@host/db", "postgresql://alice:***@host/db"),
        ("postgresql://alice:hun?ter2@host/db", "postgresql://alice:***@host/db"),
        ("postgresql://alice:hun#ter2@host/db", "postgresql://alice:***@host/db"),
        ("postgresql://alice:hun:ter2@host:5432/db", "postgresql://alice:***@host:5432/db"),
        ("postgresql:alice:hunter2@host/db", "postgresql:alice:***@host/db"),
        ("POSTGRESQL://alice:hunter2@host", "POSTGRESQL://alice:***@host"),
        ('"postgresql://alice:hunter2@host"', '"postgresql://alice:***@host"'),
        ("sql:mysql://alice:hunter2@host", "sql:mysql://alice:***@host"),
        ("libsql://host?authToken=hunter2", "libsql://host?authToken=***"),
        ("libsql://host?x=1&authToken=hunter2&y=2", "libsql://host?x=1&authToken=***&y=2"),
        ("x://h?password=a&Secret=b&api_key=c&pwd=d", "x://h?password=***&Secret=***&api_key=***&pwd=***"),
        ("postgresql://alice@host/db", "postgresql://alice@host/db"),
        ("postgresql://host:5432/db?sslmode=require", "postgresql://host:5432/db?sslmode=require"),
        ("etcd://host:2379", "etcd://host:2379"),
        ("memory:", "memory:"),
        ("file:///a:b@c", "file:///a:b@c"),
        ("/home/a:b@c?token=x", "/home/a:b@c?token=x"),
        (r"C:\a:b@c", r"C:\a:b@c"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert mask(url) == shown


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(
    lambda text: f"<hunter2{text}>"
)


@given(SECRETS, st.sampled_from(["alice", ""]), st.sampled_from(["", "/db", ":5432/db?sslmode=require"]))
def test_no_password_is_ever_shown(secret, user, rest):
    url = f"mongodb://{user}:{secret}@host{rest}"
    assert "hunter2" not in mask(url)
    with pytest.raises(errors.ConfigError) as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value.to_status())


def test_a_path_opens_a_store_that_stays(tmp_path):
    for url in (
        tmp_path / "store",
        f"{tmp_path}/store",
        f"file:{tmp_path}/store",
        f"file://{tmp_path}/store",
    ):
        engine = open_engine(url)
        engine.commit([Put("res/agent/default/a", b'{"kind":"Agent"}')])
        assert engine.revision() == 1
        engine.close()
    reader = open_engine(f"file:{tmp_path}/store?mode=ro")
    with pytest.raises(errors.Forbidden):
        reader.commit([Put("res/agent/default/a", b"{}")])
    assert reader.get("res/agent/default/a").value == b'{"kind":"Agent"}'
    reader.close()


def test_opening_imports_no_more_than_it_needs():
    """A scheme that is known is not looked up among the installed packages."""
    script = """
import sys
from mastractl.engines.opening import open_engine
open_engine("memory:").close()
unneeded = {"importlib.metadata", "urllib.parse", "difflib", "mastractl.engines.filesystem"}
print(*sorted(unneeded & set(sys.modules)))
"""
    child = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert child.stdout.strip() == ""


SECRET_URLS = [
    ("redis://:hunter2@h1:6379/0?prefix=x", "redis://:***@h1:6379/0?prefix=x"),
    ("rediss://me:hunter2@h1", "rediss://me:***@h1"),
    ("sql:mysql+pymysql://u:hunter2@h/db?prefix=m_", "sql:mysql+pymysql://u:***@h/db?prefix=m_"),
    ("SQL:mysql://u:hunter2@h", "SQL:mysql://u:***@h"),
    ("sql:mssql+pyodbc:///?odbc_connect=PWD%3Dhunter2", "sql:mssql+pyodbc:///?odbc_connect=***"),
    ("sql:u:hunter2@h", "sql:u:***@h"),
    ("etcd://u:hunter2@h1:2379,h2:2379,[::1]:2379/p", "etcd://u:***@h1:2379,h2:2379,[::1]:2379/p"),
    ("etcd://h1:2379,h2:2379/p", "etcd://h1:2379,h2:2379/p"),
    ("etcd://[::1]:2379/p", "etcd://[::1]:2379/p"),
    ("etcds://h?cacert=/c&cert=/c&key=hunter2", "etcds://h?cacert=/c&cert=/c&key=***"),
    ("libsql://h?tls=1&authToken=hunter2", "libsql://h?tls=1&authToken=***"),
    ("libsql://h?tls=1&authToken=hun;ter2#x", "libsql://h?tls=1&authToken=***"),
    ("postgresql://u@h/d?sslpassword=hunter2&x=1", "postgresql://u@h/d?sslpassword=***&x=1"),
    ("postgresql:///d?host=/run&password=hunter2", "postgresql:///d?host=/run&password=***"),
    ("postgresql://u:hunter2@h1:1,h2:2/d", "postgresql://u:***@h1:1,h2:2/d"),
    ("postgresql://u:hunter2/d", "postgresql://u:***/d"),
    ("postgresql://u:123hunter2", "postgresql://u:***"),
    ("postgresql://h/d?encrypt=hunter2&cache=5", "postgresql://h/d?encrypt=***&cache=5"),
    ("sqlserver://h:1433;user=u;password=hunter2;x=1", "sqlserver://h:***"),
    (
        "file:/s?encrypt=env:KEY&audit=/a&metrics=/m&retry=5",
        "file:/s?encrypt=***&audit=/a&metrics=/m&retry=5",
    ),
]


@pytest.mark.parametrize(("url", "shown"), SECRET_URLS)
def test_secrets_are_masked_in_every_form_of_url(url, shown):
    assert mask(url) == shown
    assert mask(shown) == shown


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("mysql://u:hunter2@h/db", "write sql:mysql://u:***@h/db;"),
        ("mariadb://h/db", "write sql:mysql://h/db;"),
        ("mssql://h/db", "write sql:mssql+pyodbc://h/db;"),
        ("mysql+pymysql://u:hunter2@h/db", "write sql:mysql+pymysql://u:***@h/db;"),
        ("postgresql+psycopg://h/db", "write sql:postgresql+psycopg://h/db;"),
        (
            "prisma:postgresql://u:hunter2@h:5432/db?schema=public",
            "write sql:postgresql+psycopg://u:***@h:5432/db;",
        ),
        ("prisma:mysql://u:hunter2@h/db", "write sql:mysql+pymysql://u:***@h/db;"),
        ("prisma:file:./dev.db", "write sql:sqlite:///./dev.db;"),
        ("prisma:sqlserver://h:1433;database=d;user=u;password=hunter2", "write sql:mssql+pyodbc://"),
        ("prisma:schema.prisma", "write sql:<dialect>://"),
    ],
)
def test_other_names_of_sql_databases_are_answered_with_ours(url, advice):
    with pytest.raises(errors.ConfigError, match="no engine for") as caught:
        open_engine(url)
    assert advice in caught.value.hint
    assert "hunter2" not in str(caught.value.to_status())


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

class Engines:
    "An engine's module, as a clone without it has none."
    def find_spec(self, name, path=None, target=None):
        if name == "mastractl.engines." + sys.argv[3]:
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(f"import {sys.argv[1]}", module.__dict__)

sys.meta_path[:0] = [Missing(), Engines()]
from mastractl import errors
from mastractl.engines.opening import open_engine
try:
    open_engine(sys.argv[2])
except errors.ConfigError as error:
    print(error.message, "|", error.hint)
"""


@pytest.mark.parametrize(
    ("driver", "url", "module", "extra"),
    [
        ("psycopg", "postgresql://u:hunter2@h/db", "postgresql", "postgres"),
        ("psycopg", "postgres://u:hunter2@h/db", "postgresql", "postgres"),
        ("redis", "redis://:hunter2@h", "redis", "redis"),
        ("redis", "rediss://:hunter2@h", "redis", "redis"),
        ("libsql", "libsql:x.db", "libsql", "libsql"),
        ("sqlalchemy", "sql:mysql://u:hunter2@h/db", "sql", "sql"),
        ("cryptography", "memory:?encrypt=env:THE_KEY", "none", "crypto"),
    ],
)
def test_a_driver_that_is_not_installed_is_named_with_its_extra(driver, url, module, extra):
    environ = {**os.environ, "THE_KEY": keyring.new_key()}
    command = [sys.executable, "-c", WITHOUT, driver, url, module]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
    assert driver in said
    assert f"pip install 'mastractl[{extra}]'" in said
    assert "hunter2" not in said


@pytest.fixture
def seen(scheme):
    """Registers a scheme and keeps the URLs that its engine is given."""
    urls = []

    def factory(url, *, adopt, clock, read_only):
        urls.append(url)
        return MemoryEngine(clock=clock)

    register(scheme, factory)
    return urls


def layers(engine):
    names = [type(engine).__name__]
    while not isinstance(engine, MemoryEngine):
        engine = engine.inner
        names.append(type(engine).__name__)
    return names


def test_options_are_taken_from_the_url_and_put_around_the_engine(scheme, seen, tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", keyring.new_key())
    url = f"{scheme}://u:p%40w@h/db?x=%41&cache=100,1m&a=b=c&encrypt=env:THE_KEY&retry=5&&y"
    engine = open_engine(f"{url}&metrics={tmp_path}/m%20n.prom&audit={tmp_path}/a.jsonl")
    assert seen == [f"{scheme}://u:p%40w@h/db?x=%41&a=b=c&&y"]
    assert layers(engine) == [
        "CachingEngine",
        "AuditedEngine",
        "EncryptingEngine",
        "RetryingEngine",
        "MeteredEngine",
        "MemoryEngine",
    ]
    made = engine.commit([Put("res/a", b'{"x":1}')])
    assert engine.get("res/a") == made.changes[0].entry
    engine.close()
    assert {path.name for path in tmp_path.iterdir()} == {"m n.prom", "a.jsonl"}
    assert f'engine="{scheme}"' in (tmp_path / "m n.prom").read_text()


def test_a_url_without_options_reaches_the_engine_as_it_is(scheme, seen):
    for url in (f"{scheme}:?", f"{scheme}://h?a", f"{scheme}://h?xcache=1&Cache=1#retry=1"):
        assert layers(open_engine(url)) == ["MemoryEngine"]
        assert seen.pop() == url


def test_a_path_has_no_options(tmp_path):
    engine = open_engine(f"{tmp_path}/s?cache=5")
    engine.close()
    assert (tmp_path / "s?cache=5").is_dir()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("cache=", "cache="),
        ("cache=0", "cache=0"),
        ("cache=many", "cache=many"),
        ("cache=5,", "cache=5,"),
        ("retry=-1", "retry=-1"),
        ("retry=", "retry="),
        ("audit=", "audit="),
        ("metrics=", "metrics="),
        ("cache=1&cache=2", "twice"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_opened(scheme, seen, option, says):
    with pytest.raises(errors.ConfigError, match=says) as caught:
        open_engine(f"{scheme}:x?{option}")
    assert caught.value.hint
    assert seen == []


def test_an_engine_is_closed_when_its_wrappers_cannot_be(scheme, tmp_path):
    opened = []

    def factory(url, *, adopt, clock, read_only):
        opened.append(MemoryEngine())
        return opened[0]

    register(scheme, factory)
    with pytest.raises(errors.StorageTransactionError):
        open_engine(f"{scheme}:x?audit={tmp_path}/none/a.jsonl")
    with pytest.raises(errors.StorageClosed):
        opened[0].revision()


def test_a_third_partys_engine_is_tested_with_the_shipped_suite(tmp_path):
    """As a package of its own, installed by its entry point, with a test file of a few lines."""
    site = tmp_path / "site"
    metadata = site / "their_engine-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-engine\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mastractl.engines]\ntheirs = their_engine:open_theirs\n")
    (site / "their_engine.py").write_text(
        "from mastractl.engines.memory import MemoryEngine\n"
        "def open_theirs(url, *, adopt, clock, read_only):\n"
        "    return MemoryEngine(clock=clock)\n"
    )
    (tmp_path / "test_theirs.py").write_text(
        "import pytest\n"
        "from mastractl import open_engine\n"
        "from mastractl.testing.engine_suite import EngineSuite, ExpirySuite, PushSuite\n"
        "class TestTheirs(EngineSuite, ExpirySuite, PushSuite):\n"
        "    @pytest.fixture\n"
        "    def engine(self, clock):\n"
        "        engine = open_engine('theirs:x?cache=100', clock=clock)\n"
        "        yield engine\n"
        "        engine.close()\n"
    )
    paths = [str(site), str(Path(__file__).resolve().parents[2])]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_theirs.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


FORKING = """
import os, sys
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine
engine = open_engine(sys.argv[1])
engine.commit([Put("rec/a", b'{"by":"parent"}')])
engine.range("")
child = os.fork()
if child == 0:
    assert engine.get("rec/a").value == b'{"by":"parent"}'
    engine.commit([Put("rec/a", b'{"by":"child"}')])
    engine.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert engine.get("rec/a").value == b'{"by":"child"}'
engine.commit([Put("rec/a", b'{"by":"parent again"}')])
engine.close()
"""


def test_a_fork_goes_on_with_all_wrappers(tmp_path):
    options = f"cache=10&retry=2&encrypt=env:THE_KEY&audit={tmp_path}/a.jsonl&metrics={tmp_path}/{{pid}}.prom"
    command = [sys.executable, "-c", FORKING, f"file:{tmp_path}/s?{options}"]
    subprocess.run(command, check=True, env={**os.environ, "THE_KEY": keyring.new_key()}, timeout=60)
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 3
