from __future__ import annotations

import stat

import pytest

from mastractl import config, errors


def user(path, **contexts):
    return config.UserConfig(
        path=str(path), current="a", contexts={n: config.Context(name=n, **c) for n, c in contexts.items()}
    )


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "new" / "config.json"
    written = user(path, a={"store": "/s", "namespace": "n"}, b={"store": "memory:"}, c={})
    config.write_user_config(written)
    assert config.read_user_config({"MASTRACTL_CONFIG": str(path)}) == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_relative_store_is_relative_to_the_configuration_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"contexts": {"a": {"store": "data"}}}')
    read = config.read_user_config({"MASTRACTL_CONFIG": str(path)})
    assert read.contexts["a"].store == str(tmp_path / "data")


def test_a_link_stays_a_link(tmp_path):
    real = tmp_path / "dotfiles" / "config.json"
    real.parent.mkdir()
    real.write_text("{}")
    link = tmp_path / "config.json"
    link.symlink_to(real)
    config.write_user_config(user(link, a={"store": "/s"}))
    assert link.is_symlink()
    assert '"/s"' in real.read_text()


def test_a_file_that_is_missing_or_empty_reads_as_empty(tmp_path):
    path = tmp_path / "config.json"
    environ = {"MASTRACTL_CONFIG": str(path)}
    assert config.read_user_config(environ) == config.UserConfig(path=str(path))
    path.write_text("\n")
    assert config.read_user_config(environ) == config.UserConfig(path=str(path))


def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(tmp_path):
    target = tmp_path / "config.json"
    target.mkdir()
    with pytest.raises(errors.ConfigError, match="cannot write"):
        config.write_user_config(user(target, a={}))
    assert list(tmp_path.iterdir()) == [target]
