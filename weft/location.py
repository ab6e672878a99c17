"""Where the two programs `peer` and `deploy` lie."""

from __future__ import annotations

import os


def parts() -> str:
    """The folder that holds `peer` and `deploy`: beside this file in an installed Weft, else the checkout's root."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(here, "parts")
    return installed if os.path.isdir(installed) else os.path.dirname(here)
