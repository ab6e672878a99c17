"""What the options of `weft` say of logins, with the secrets that it asks for."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from deploy.core.command.parsing import CommandError
from deploy.core.inventory import shown
from deploy.edge.fab.commandline import somebody_types

_PROMPTS = {
    "prompt_for_login_password": ("password", "Password of the hosts: "),
    "prompt_for_passphrase": ("passphrase", "Passphrase of your keys: "),
}


class Logins(NamedTuple):
    """`connecting`: by the names of Fabric's connect_kwargs; `ssh_config`: the one to read, if not the user's."""

    connecting: Mapping[str, Any] = {}
    ssh_config: str | None = None


def logins_of(options: Mapping[str, Any]) -> Logins:
    """What these options say. Raises CommandError."""
    connecting: dict[str, Any] = {}
    if options.get("identity"):
        connecting["key_filename"] = list(options["identity"])
    if "connect_timeout" in options:
        connecting["timeout"] = _seconds(str(options["connect_timeout"]))
    for name, (key, prompt) in _PROMPTS.items():
        if options.get(name):
            if not somebody_types():
                raise CommandError(f"--{name.replace('_', '-')}: there is no terminal to ask at")
            connecting[key] = getpass.getpass(prompt)
    path = options.get("ssh_config")
    if path is not None and not os.path.isfile(os.path.expanduser(path)):
        raise CommandError(shown(f"--ssh-config {path}: there is no such file"))
    return Logins(connecting, path)


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 100_000):
        raise CommandError(shown(f"--connect-timeout: '{text}' is not a number of seconds; write 20"))
    return int(text)
