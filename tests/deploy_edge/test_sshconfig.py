"""What ssh_config says of a host, as the `ssh` here reads it and as we do without one: the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deploy.edge.hosts.errors import HostError
from deploy.edge.ssh import localnetwork, words
from deploy.edge.ssh.settings import Settings, SshConfig

READERS = [pytest.param(None, id="ours")]
if shutil.which("ssh"):
    READERS.append(pytest.param(shutil.which("ssh"), id="ssh"))  # type: ignore[arg-type]


def settings_of(folder: Path, text: str | bytes, reader: str | None, name: str = "box") -> Settings:
    (folder / "config").write_bytes(text if isinstance(text, bytes) else text.encode())
    return SshConfig(str(folder / "config"), reader).settings(name, "fleet")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("Host box\n  Port 2\n", 2),
        ("Host box  # the lab's\n  Port=2\n", 2),
        ("Host\tbox\n\tPort\t=\t2 # lab\n", 2),
        ("Host box\r\n  Port 2\r\n", 2),
        ("Host b* !box\n  Port 2\n", 22),
        ("Host other\n  Port 2\nHost b?x\n  Port 3\nHost *\n  Port 4\n", 3),
        ("Match host other\n  Port 2\n", 22),
        ("Match Host other\n  Port 2\n", 22),
        ("Match host=box\n  Port 2\n", 2),
        ("Match originalhost box exec true\n  Port 2\n", 2),
        ("Match originalhost box exec false\n  Port 2\n", 22),
        ('Match exec "test %h = box"\n  Port 2\n', 2),
        ("Match user fleet\n  Port 2\n", 2),
        ("Match user other\n  Port 2\n", 22),
        ("Match !host other user fleet\n  Port 2\n", 2),
        ("Match canonical\n  Port 2\n", 22),
        ("Match final all\n  Port 2\n", 2),
        ("Match final host box\n  Port 2\nHost box\n  Port 3\n", 3),
        ("Match all\n  Port 2\n", 2),
        ("IgnoreUnknown UseK*\nUseKeychain yes\nPort 2\n", 2),
        ("Match localnetwork 203.0.113.0/24\n  Port 2\n", 22),
        ("Match localnetwork 127.0.0.0/8\n  Port 2\n", 2),
        ("Match tagged x\n  Port 2\n", 22),
        ("# caf\xe9\nHost box\n  Port 2\n", 2),
    ],
)
def test_which_blocks_apply(tmp_path: Path, text: str, port: int, reader: str | None) -> None:
    assert settings_of(tmp_path, text.encode("latin-1"), reader).port == port


@pytest.mark.parametrize("reader", READERS)
def test_values_are_filled_in(tmp_path: Path, reader: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHERE", "/w")
    text = """
Host box
  HostName %h.lab
  Port 2222
  IdentityFile "~/a b"
  IdentityFile none
  IdentityFile ${WHERE}/%r@%h:%p%%
  IdentityAgent /agents/%r
  IdentitiesOnly yes
  ProxyCommand nc %h %p %r '%%' ~ $x
  HostKeyAlias box.1
  ConnectTimeout 1m30s
"""
    found = settings_of(tmp_path, text, reader)
    assert (found.hostname, found.port, found.user) == ("box.lab", 2222, "fleet")
    assert found.identity_files == (f"{tmp_path}/a b", "/w/fleet@box.lab:2222%")
    assert found.identity_agent == "/agents/fleet" and found.identities_only
    assert found.proxy_command == "nc box.lab 2222 fleet '%' ~ $x"
    assert (found.host_key_alias, found.connect_timeout) == ("box.1", 90.0)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Port abc", "config:3: 'abc' isn't a port"),
        ("Prot 1", "config:3: no option is called 'prot'"),
        ("User", "config:3: user has no value"),
        ('User "x', "config:3: a quote isn't closed"),
        ("ConnectTimeout soon", "config:3: 'soon' isn't a time"),
        ("IdentityFile ${WEFT_NOT_SET}/x", "there is no environment variable WEFT_NOT_SET"),
        ("ProxyCommand nc %y", "'%y' can't be filled in here"),
    ],
)
def test_a_broken_line_is_told_to_the_host_that_it_is_about(
    tmp_path: Path, line: str, words: str, reader: str | None
) -> None:
    text = f"Host odd\n  ConnectTimeout none\n  {line}\n"
    with pytest.raises(HostError) as error:
        settings_of(tmp_path, text, reader, "odd")
    assert words in error.value.problem and error.value.remedy and error.value.state == "unreachable"
    assert settings_of(tmp_path, text, reader, "box").port == 22


def test_what_cannot_be_decided_is_refused_only_where_all_else_holds(tmp_path: Path) -> None:
    text = "Match host odd command x\n  Port 2\n"
    with pytest.raises(HostError, match="config:1: whether 'Match command' holds can't be decided"):
        settings_of(tmp_path, text, None, "odd")
    assert settings_of(tmp_path, text, None, "box").port == 22


def test_included_files_count_where_the_include_does(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("Host box\n  Port 2\n")
    assert settings_of(tmp_path, f"Include {tmp_path}/mor*\nHost *\n  Port 3\n", None).port == 2
    assert settings_of(tmp_path, f"Host other\n  Include {tmp_path}/more\nHost *\n  Port 3\n", None).port == 3
    with pytest.raises(HostError, match="include one another"):
        settings_of(tmp_path, f"Include {tmp_path}/config\n", None)


def test_our_own_networks() -> None:
    assert localnetwork.here("127.0.0.0/8") and not localnetwork.here("203.0.113.0/24")
    assert not localnetwork.here("!127.0.0.0/8,127.0.0.1/32")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(b"~nobody-of-this-name/x", b"Include ")
@example(b"~\0", b"Include ")
@example(b"~nobody-of-this-name/x", b"IdentityFile ")
@given(st.binary(max_size=120), st.sampled_from([b"Host ", b"Match ", b"Include ", b"Port ", b"IdentityFile ", b""]))
def test_no_bytes_end_in_anything_but_settings_or_a_line(tmp_path: Path, data: bytes, word: bytes) -> None:
    if b"exec" in data.lower():
        return
    try:
        assert settings_of(tmp_path, word + data, None).name == "box"
    except HostError as error:
        assert "\n" not in str(error)


def test_a_time_and_a_list_of_patterns() -> None:
    assert [words.seconds(text) for text in ("90", "1m", "1h1s", "none")] == [90.0, 60.0, 3601.0, None]
    assert words.matches("a*,!ab", "ac") and not words.matches("a*,!ab", "ab")
    assert words.fill_path("~", {}) == os.path.expanduser("~")
