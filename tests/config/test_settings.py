from __future__ import annotations

import json

import pytest

from mastractl import config, errors


def no_yaml(text):
    pytest.fail(f"YAML was read where there is no project file: {text!r}")


def flat_yaml(text):
    """Enough of YAML for a project file: the real reader belongs to a higher room."""
    pairs = (line.split(": ", 1) for line in text.splitlines() if line.strip())
    return dict(pairs)


def broken_yaml(text):
    raise errors.ManifestError("a tab cannot start a token", line=3, column=1, hint="use spaces")


@pytest.fixture
def place(tmp_path):
    directory = tmp_path / "project" / "deep" / "er"
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def user_file(tmp_path):
    return tmp_path / "config.json"


def load(place, user_file, *, env=None, read_yaml=no_yaml, **flags):
    environ = {"MASTRACTL_CONFIG": str(user_file), **(env or {})}
    return config.load(config.Flags(**flags), environ=environ, directory=str(place), read_yaml=read_yaml)


def write_user(user_file, **contexts):
    current = contexts.pop("current", "")
    user_file.write_text(json.dumps({"current-context": current, "contexts": contexts}))


def said(setting):
    return (setting.value, setting.origin)


def test_with_nothing_said_the_store_is_the_platforms_and_the_namespace_default(place, user_file, own_home):
    settings = load(place, user_file)
    assert said(settings.store) == (str(own_home / ".local/share/mastractl/store"), "default")
    assert said(settings.namespace) == ("default", "default")
    assert said(settings.context) == ("", "default")


def test_the_user_configuration_is_where_the_platform_keeps_it(own_home):
    assert config.user_config_path({}) == str(own_home / ".config/mastractl/config.json")
    assert config.user_config_path({"MASTRACTL_CONFIG": "~/x.json"}) == str(own_home / "x.json")


def test_nearer_wins_flag_then_environment_then_project_then_user(place, user_file, tmp_path):
    write_user(user_file, current="home", home={"store": "/user", "namespace": "user"})
    assert load(place, user_file).store.value == "/user"
    assert load(place, user_file).namespace.value == "user"

    project = tmp_path / "project" / ".mastractl.yaml"
    project.write_text("store: data\nnamespace: project\n")
    settings = load(place, user_file, read_yaml=flat_yaml)
    assert said(settings.store) == (str(tmp_path / "project" / "data"), str(project))
    assert said(settings.namespace) == ("project", str(project))
    assert settings.project_file == str(project)

    env = {"MASTRACTL_STORE": "/env", "MASTRACTL_NAMESPACE": "env"}
    settings = load(place, user_file, env=env, read_yaml=flat_yaml)
    assert said(settings.store) == ("/env", "MASTRACTL_STORE")
    assert said(settings.namespace) == ("env", "MASTRACTL_NAMESPACE")

    settings = load(place, user_file, env=env, read_yaml=flat_yaml, store="/flag", namespace="flag")
    assert said(settings.store) == ("/flag", "flag --store")
    assert said(settings.namespace) == ("flag", "flag --namespace")


def test_a_context_chosen_by_flag_beats_a_store_in_the_environment(place, user_file):
    write_user(user_file, kitchen={"store": "/kitchen", "namespace": "cooking"})
    settings = load(place, user_file, env={"MASTRACTL_STORE": "/env"}, context="kitchen")
    assert said(settings.store) == ("/kitchen", "context 'kitchen' (flag --context)")
    assert said(settings.namespace) == ("cooking", "context 'kitchen' (flag --context)")
    assert said(settings.context) == ("kitchen", "flag --context")


def test_a_flag_beats_the_context_named_beside_it(place, user_file):
    write_user(user_file, kitchen={"store": "/kitchen", "namespace": "cooking"})
    settings = load(place, user_file, context="kitchen", namespace="baking")
    assert settings.store.value == "/kitchen"
    assert settings.namespace.value == "baking"


def test_the_nearest_context_is_the_one_in_force(place, user_file):
    write_user(user_file, current="c", a={"store": "/a"}, b={"store": "/b"}, c={"store": "/c"})
    env = {"MASTRACTL_CONTEXT": "b"}
    assert load(place, user_file, env=env).store.value == "/b"
    assert load(place, user_file, env=env, context="a").store.value == "/a"


def test_the_current_contexts_namespace_does_not_follow_into_another_store(place, user_file):
    write_user(user_file, current="prod", prod={"store": "/prod", "namespace": "payments"})
    settings = load(place, user_file, store="/elsewhere")
    assert said(settings.namespace) == ("default", "default")
    assert settings.context.value == ""


def test_a_nearer_store_needs_no_user_configuration_at_all(place, user_file):
    user_file.write_text("{ this is not JSON")
    assert load(place, user_file, store="/x").store.value == "/x"


def test_a_context_without_a_store_leaves_the_store_to_the_next_place(place, user_file):
    write_user(user_file, here={"namespace": "cooking"})
    settings = load(place, user_file, env={"MASTRACTL_STORE": "/env"}, context="here")
    assert settings.store.value == "/env"
    assert settings.namespace.value == "cooking"


def test_the_nearest_project_file_upwards_counts_alone(place, user_file, tmp_path):
    (tmp_path / "project" / ".mastractl.yaml").write_text("store: far\nnamespace: far\n")
    (place / ".mastractl.yaml").write_text("store: near\n")
    settings = load(place, user_file, read_yaml=flat_yaml)
    assert settings.store.value == str(place / "near")
    assert settings.namespace.value == "default"


def test_a_project_file_may_choose_a_context(place, user_file):
    write_user(user_file, kitchen={"store": "/kitchen"})
    (place / ".mastractl.yaml").write_text("context: kitchen\n")
    settings = load(place, user_file, read_yaml=flat_yaml)
    assert said(settings.store) == ("/kitchen", f"context 'kitchen' ({place / '.mastractl.yaml'})")


@pytest.mark.parametrize(
    ("store", "absolute"),
    [
        ("data", "/base/data"),
        ("./data", "/base/data"),
        ("/abs", "/abs"),
        ("~/data", "{home}/data"),
        ("file:data", "file:/base/data"),
        ("file:~/data", "file:~/data"),
        ("file:data?mode=ro", "file:/base/data?mode=ro"),
        ("file:/abs", "file:/abs"),
        ("file:///abs", "file:///abs"),
        ("memory:", "memory:"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("", ""),
    ],
)
def test_a_store_means_the_same_from_every_directory(store, absolute, own_home):
    assert config.absolute_store(store, "/base") == absolute.format(home=own_home)


def test_a_relative_url_is_a_url_still(tmp_path):
    assert (
        config.absolute_store("file:a%20b", str(tmp_path / "50% off")) == f"file:{tmp_path}/50%25%20off/a%20b"
    )


def test_a_home_that_is_not_there_is_said(place, user_file):
    with pytest.raises(errors.ConfigError, match="~nobody-of-that-name/x: there is no such home"):
        load(place, user_file, store="~nobody-of-that-name/x")


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ("{\n\n  oops\n}", 3, "not JSON", ""),
        (
            '{\n "current-kontext": "x"\n}',
            2,
            "unknown key 'current-kontext'",
            "did you mean 'current-context'?",
        ),
        ('{\n "contexts": []\n}', 2, "'contexts' must hold a mapping, not a list", ""),
        ('{\n "contexts": {\n  "a": {"store": 1}}}', 3, "'store' must be text, not a number", ""),
        ('{\n "contexts": {\n  "a": {"stor": "x"}}}', 3, "unknown key 'stor'", "did you mean 'store'?"),
        ('{"current-context": true}', 1, "'current-context' must be text, not a boolean", ""),
        ("[]", 1, "the file must hold a mapping, not a list", ""),
    ],
)
def test_a_bad_user_configuration_is_named_by_file_and_line(place, user_file, text, line, what, hint):
    user_file.write_text(text)
    with pytest.raises(errors.ConfigError) as raised:
        load(place, user_file)
    assert raised.value.message.startswith(f"{user_file}:{line}: {what}")
    assert raised.value.hint == hint
    assert raised.value.exit_code == 2


def test_a_bad_project_file_is_named_by_file_and_line(place, user_file):
    path = place / ".mastractl.yaml"
    path.write_text("store: x\nnamespce: y\n")
    with pytest.raises(errors.ConfigError, match="unknown key 'namespce'") as raised:
        load(place, user_file, read_yaml=flat_yaml)
    assert raised.value.message.startswith(f"{path}:2:")
    assert raised.value.hint == "did you mean 'namespace'?"
    with pytest.raises(errors.ConfigError) as raised:
        load(place, user_file, read_yaml=broken_yaml)
    assert raised.value.message == f"{path}:3: a tab cannot start a token"
    assert raised.value.hint == "use spaces"


def test_an_empty_project_file_says_nothing(place, user_file):
    (place / ".mastractl.yaml").write_text("")
    settings = load(place, user_file, read_yaml=lambda text: None)
    assert settings.namespace.value == "default"


def test_a_file_that_is_no_text_or_cannot_be_read_is_named(place, user_file):
    user_file.write_bytes(b"\xff\xfe")
    with pytest.raises(errors.ConfigError, match="is not UTF-8 text"):
        load(place, user_file)
    user_file.unlink()
    user_file.mkdir()
    with pytest.raises(errors.ConfigError, match=r"cannot read .*Is a directory"):
        load(place, user_file)


def test_an_unknown_context_is_answered_with_the_nearest(place, user_file):
    write_user(user_file, kitchen={})
    with pytest.raises(errors.ConfigError, match=r"no context named 'kitchn' \(flag --context\)") as raised:
        load(place, user_file, context="kitchn")
    assert raised.value.hint == "did you mean 'kitchen'?"
    with pytest.raises(errors.ConfigError) as raised:
        load(place, user_file, env={"MASTRACTL_CONTEXT": "zzz"})
    assert "config get-contexts" in raised.value.hint


@pytest.mark.parametrize(
    ("flag", "environ", "when"),
    [
        ("", {}, "auto"),
        ("", {"NO_COLOR": "1"}, "never"),
        ("", {"NO_COLOR": ""}, "auto"),
        ("", {"FORCE_COLOR": "1"}, "always"),
        ("", {"FORCE_COLOR": "0"}, "auto"),
        ("", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, "never"),
        ("", {"CLICOLOR_FORCE": "1"}, "always"),
        ("", {"CLICOLOR_FORCE": "0"}, "auto"),
        ("", {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, "never"),
        ("", {"CLICOLOR_FORCE": "1", "TERM": "dumb"}, "always"),
        ("", {"CLICOLOR": "0"}, "never"),
        ("", {"CLICOLOR": "1"}, "auto"),
        ("", {"TERM": "dumb"}, "never"),
        ("", {"MASTRACTL_COLOR": "always", "NO_COLOR": "1"}, "always"),
        ("never", {"MASTRACTL_COLOR": "always"}, "never"),
        ("auto", {"NO_COLOR": "1"}, "auto"),
    ],
)
def test_when_to_use_colour(flag, environ, when):
    assert config.color(flag, environ) == when


def test_a_colour_that_is_none_is_an_error():
    with pytest.raises(errors.ConfigError, match="MASTRACTL_COLOR is 'red'"):
        config.color("", {"MASTRACTL_COLOR": "red"})


def test_debugging_is_off_unless_asked_for():
    assert [config.debugging({"MASTRACTL_DEBUG": v}) for v in ("", "0", "1")] == [False, False, True]
    assert not config.debugging({})


@pytest.mark.parametrize(
    ("store", "absolute"),
    [
        ("sqlite:data/x.db", "sqlite:/here/data/x.db"),
        ("SQLITE:x.db?mode=ro", "SQLITE:/here/x.db?mode=ro"),
        ("sqlite:/abs/x.db", "sqlite:/abs/x.db"),
        ("sqlite:///abs/x.db", "sqlite:///abs/x.db"),
        ("sqlite:~/x.db", "sqlite:~/x.db"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("libsql:x.db", "libsql:/here/x.db"),
        ("libsql://host?authToken=a", "libsql://host?authToken=a"),
        ("sql:sqlite:///x.db", "sql:sqlite:////here/x.db"),
        ("sql:sqlite+pysqlite:///d/x.db?prefix=p_", "sql:sqlite+pysqlite:////here/d/x.db?prefix=p_"),
        ("sql:sqlite:////abs/x.db", "sql:sqlite:////abs/x.db"),
        ("sql:sqlite:///:memory:", "sql:sqlite:///:memory:"),
        ("sql:sqlite:///file:x?uri=true", "sql:sqlite:///file:x?uri=true"),
        ("sql:mysql://h/db", "sql:mysql://h/db"),
        ("postgresql://h/db?audit=a.jsonl", "postgresql://h/db?audit=/here/a.jsonl"),
        (
            "file:s?audit=a.jsonl&mode=ro&metrics=m/{pid}.prom",
            "file:/here/s?audit=/here/a.jsonl&mode=ro&metrics=/here/m/{pid}.prom",
        ),
        ("memory:?encrypt=file:keys", "memory:?encrypt=file:/here/keys"),
        ("memory:?encrypt=rec,run:file:keys", "memory:?encrypt=rec,run:file:/here/keys"),
        (
            "memory:?encrypt=file:~/keys&audit=~/a&metrics=%7E/m",
            "memory:?encrypt=file:~/keys&audit=~/a&metrics=%7E/m",
        ),
        ("memory:?encrypt=env:KEY&cache=5&xaudit=a", "memory:?encrypt=env:KEY&cache=5&xaudit=a"),
        ("a:b", "/here/a:b"),
        ("C:/store", "/here/C:/store"),
        (" redis://u:p@h", " redis://u:p@h"),
    ],
)
def test_relative_paths_in_a_store_are_those_of_who_says_it(store, absolute):
    assert config.absolute_store(store, "/here") == absolute


def test_a_directory_is_spelt_as_the_url_needs_it():
    assert config.absolute_store("sqlite:x?audit=a", "/a b?") == "sqlite:/a%20b%3F/x?audit=/a%20b%3F/a"
    assert config.absolute_store("sql:sqlite:///x", "/a b") == "sql:sqlite:////a b/x"


def test_a_context_has_options_which_its_store_carries(place, user_file, tmp_path):
    options = {"retry": 5, "audit": "a b.jsonl", "encrypt": "file:keys", "cache": "100,1m"}
    write_user(
        user_file,
        url={"store": "postgresql://h/db?x=1", "options": options},
        path={"store": "some store", "options": {"retry": "2"}},
    )
    said = load(place, user_file, context="url").store.value
    here = str(tmp_path)
    assert said == (
        f"postgresql://h/db?x=1&retry=5&audit={here}/a%20b.jsonl&encrypt=file:{here}/keys&cache=100,1m"
    )
    assert load(place, user_file, context="path").store.value == f"file:{here}/some%20store?retry=2"
    user = config.read_user_config({"MASTRACTL_CONFIG": str(user_file)})
    config.write_user_config(user)
    assert config.read_user_config({"MASTRACTL_CONFIG": str(user_file)}) == user


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"store": "/s", "options": {"cash": 1}}, "cache"),
        ({"store": "/s", "options": {"cache": True}}, "a boolean"),
        ({"store": "/s", "options": {"cache": ""}}, "'cache' must be"),
        ({"store": "/s", "options": {"cache": 1.5}}, "must be text or a number"),
        ({"store": "/s", "options": []}, "must hold a mapping"),
        ({"options": {"cache": 1}}, "no store"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_their_line(place, user_file, entry, says):
    write_user(user_file, k=entry)
    with pytest.raises(errors.ConfigError) as caught:
        load(place, user_file, context="k")
    assert f"{user_file}:1" in caught.value.message
    assert says in caught.value.message + caught.value.hint
