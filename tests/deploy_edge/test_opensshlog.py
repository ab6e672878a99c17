"""What `ssh` logs of a hop becomes one error, in the words that errors of Paramiko have."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.edge.ssh.opensshlog import HopLog, gone
from deploy.edge.ssh.settings import Settings, SshConfig

LOGGED_IN = 'Authenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".\n'
SHOWN = "debug1: Server host key: ssh-ed25519 SHA256:abc\n"
CONNECTED = "debug1: Connection established.\n"
NEW_KEYS = "debug1: SSH2_MSG_NEWKEYS received\n"
VERIFY = "Host key verification failed.\n"


@pytest.fixture
def hop(tmp_path: Path) -> Settings:
    (tmp_path / "config").write_text("")
    return SshConfig(str(tmp_path / "config"), None).settings("box", "fleet")


@pytest.mark.parametrize(
    ("text", "problem", "busy"),
    [
        ("ssh: Could not resolve hostname box: Name or service not known", "box can't be resolved", False),
        ("ssh: connect to host box port 22: Connection refused", "connection refused", False),
        ("ssh: connect to host box port 22: Connection timed out", "no answer", False),
        ("ssh: connect to host box port 22: No route to host", "no route to host", False),
        ("Connection timed out during banner exchange", "something listens there, but it doesn't speak SSH", False),
        ("banner exchange: Connection to ::1 port 1: invalid format", "something listens there, but it", False),
        ("kex_exchange_identification: Connection closed by remote host", "it closed the connection before the", True),
        (
            "debug1: kex_exchange_identification: banner line 0: Exceeded MaxStartups\n"
            "kex_exchange_identification: read: Connection reset by peer",
            "it closed the connection before the login: Exceeded MaxStartups",
            True,
        ),
        (
            "debug1: kex_exchange_identification: banner line 0: Not allowed at this time\n"
            "kex_exchange_identification: Connection closed by remote host",
            "it closed the connection before the login: Not allowed at this time",
            False,
        ),
        (
            f"{NEW_KEYS}Received disconnect from 127.0.0.1 port 1:2: Too many authentication failures",
            "it closed the connection during the login as fleet: Too many authentication failures",
            False,
        ),
        (f"No ED25519 host key is known for box and ...\n{SHOWN}{VERIFY}", "unknown host key SHA256:abc (ssh-", False),
        (
            f"{SHOWN}Offending ED25519 key in /k h:7\nHost key for box has changed\n{VERIFY}",
            "its host key has CHANGED: it shows SHA256:abc (ssh-ed25519), on file is another (/k h:7)",
            False,
        ),
        (f"{SHOWN}Host key ED25519 SHA256:abc revoked by file /r\n{VERIFY}", "SHA256:abc is marked as revoked", False),
        (
            f"Certificate invalid: expired\n{SHOWN}{VERIFY}",
            "unknown host key SHA256:abc (ssh-ed25519); its certificate is invalid: expired",
            False,
        ),
        ("fleet@box: Permission denied (publickey).", "there is no key to log in with as fleet", False),
        (
            "debug1: Offering public key: /k ED25519 SHA256:x explicit\nfleet@box: Permission denied (publickey).",
            "login as fleet refused",
            False,
        ),
        (
            "debug1: Offering public key: /a b ED25519 SHA256:x explicit\n"
            "debug1: Server accepts key: /a b ED25519 SHA256:x explicit\nfleet@box: Permission denied (publickey).",
            "login as fleet refused; key /a b: it can't sign; does it need a passphrase?",
            False,
        ),
        (
            "debug1: Offering public key: /k ED25519 SHA256:x agent\n"
            'sign_and_send_pubkey: signing failed for ED25519 "/k" from agent: agent refused operation\n'
            "fleet@box: Permission denied (publickey).",
            'refused; signing failed for ED25519 "/k" from agent: agent refused operation',
            False,
        ),
        (
            'Authenticated using "publickey" with partial success.\nfleet@box: Permission denied (password).',
            "it asks for a second factor after the key: a password (password)",
            False,
        ),
        (
            "Unable to negotiate with ::1 port 1: no matching host key type found. Their offer: ssh-dss",
            "ssh and its sshd have no algorithm in common: as host key it offers only ssh-dss",
            False,
        ),
        (f"{LOGGED_IN}channel 0: open failed: resource shortage: ", "it refuses a session (resource shortage)", False),
        (
            "Unsupported Match attribute localnetwork\n/c line 1: Bad Match condition\n/c: terminating, 1 bad ...",
            "this machine's `ssh` refuses ssh_config: /c line 1: Bad Match condition",
            False,
        ),
    ],
)
def test_why_a_hop_failed(hop: Settings, text: str, problem: str, busy: bool) -> None:
    why = HopLog(text, hop).why()
    assert why is not None
    assert problem in why.problem
    assert why.remedy and why.busy == busy


def test_a_hop_that_is_fine_tells_nothing(hop: Settings) -> None:
    log = HopLog(f"{NEW_KEYS}{LOGGED_IN}debug1: Exit status 0\nKilled by signal 1.\n", hop)
    assert log.inside and log.why() is None


def test_a_bastion_that_cannot_go_on_is_not_to_blame(hop: Settings) -> None:
    log = HopLog("channel 0: open failed: connect failed: Connection refused\n", hop, after=hop)
    why = log.why()
    assert why is not None and why.beyond
    assert why.problem == "its bastion box can't connect to box port 22: connection refused"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("debug1: Connecting to box [::1] port 22.", "no answer"),
        (CONNECTED, "something listens there, but it doesn't speak SSH"),
        (f"{CONNECTED}debug1: SSH2_MSG_KEXINIT received", "no answer to the login as fleet within 9 s"),
        (f"{CONNECTED}debug1: SSH2_MSG_KEXINIT received\n{LOGGED_IN}", "no answer after the login"),
    ],
)
def test_how_far_a_hop_came_in_time(hop: Settings, text: str, problem: str) -> None:
    assert problem in HopLog(text, hop).late(9).problem


def test_how_a_connection_ends(hop: Settings) -> None:
    assert gone(HopLog("Timeout, server box not responding.\n", hop)) == "the connection is gone: no answer any more"
    assert gone(HopLog(LOGGED_IN, hop)) == "the connection is gone"
    noted = "Failed to add the host to the list of known hosts (/n o/known).\n"
    assert HopLog(noted, hop).not_noted == "/n o/known" and HopLog("", hop).not_noted == ""
