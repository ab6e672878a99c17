"""What a person is told of a way that failed, whichever program went it: mostly (cause, next step)."""

from __future__ import annotations

from collections.abc import Collection

IS_UP = "is the host up, and the address right?"
MUTE = "something listens there, but it doesn't speak SSH"
MUTE_REMEDY = "is that the right port, and sshd alive?"
NO_ANSWER = ("no answer", IS_UP)
REFUSED = ("connection refused", "is sshd running on that port?")
NO_LOGIN = "is your key in authorized_keys there, and `user` right?"
ADD_TO_AGENT = "add the key to your agent: ssh-add"
NOTE_KEY = (
    "compare it with the host's own, then note it with ssh once, or say `accept_new: true` (push: `--accept-new`)"
)
NOTE_KEY_BY_HAND = "compare it with the host's own, then note it: your ssh_config says StrictHostKeyChecking yes"
REVOKED_REMEDY = "don't use this host before it has a new key"
KEY_AT = "name your identity file with `key`"
SEE_MAX_SESSIONS = "see MaxSessions in its sshd_config"
SEE_PROXY_COMMAND = "see ProxyCommand in your ssh_config"
MAKE_WRITABLE = "make it writable"
BY_OPENSSH = "`transport: openssh`"  # what the inventory can say
OF_TOKEN = ", or give the token's keys to your agent (`ssh-add -s`), which a PIN needs anyway"
_METHODS = {"keyboard-interactive": "answers typed by hand", "password": "a password", "publickey": "a key"}


def unresolved(name: str) -> tuple[str, str]:
    """There is no such name."""
    return f"{name} can't be resolved", "is the address right?"


def hang_up(words: str) -> tuple[str, str]:
    """It hung up before the login, perhaps with these words."""
    problem = "it closed the connection before the login"
    if words:
        return f"{problem}: {words}", "see sshd's log there"
    return problem, "see sshd's log there: too many simultaneous connections?"


def other_login(left: Collection[str], partly: bool) -> tuple[str, str]:
    """It wants more than a key, or something else: one of the methods that are `left`."""
    others = sorted(set(left) - {"publickey"}) or ["publickey"]
    wanted = " or ".join(f"{_METHODS.get(one, one)} ({one})" for one in others)
    how = "a second factor after the key" if partly else "no key, but another login"
    return f"it asks for {how}: {wanted}", "nobody is asked here: let it take your key alone"


def no_way_on(bastion: str, host: str, port: int, reason: str) -> tuple[str, str]:
    """The bastion itself is fine."""
    problem = f"its bastion {bastion} can't connect to {host} port {port}: {reason}"
    return problem, "does it allow forwarding, and is the host up?"


def changed(shown: str, on_file: str, name: str, file: str) -> tuple[str, str]:
    """The host shows another key than that on file. `name`: what the file calls it."""
    return (
        f"its host key has CHANGED: it shows {shown}, on file is {on_file}",
        f"somebody may be in between; only if it was set up again: remove {name} from that file "
        f"(ssh-keygen -R NAME -f {file})",
    )


def not_noted(file: str, reason: str) -> tuple[str, str]:
    """A new key was to be noted."""
    return f"its host key can't be noted in {file}: {reason}", MAKE_WRITABLE
