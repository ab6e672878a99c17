"""Keys on a machine whose clock is wrong: one line that names the clock, before anybody is asked for anything."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.edge.pushed.authority import CLOCK_SKEW, LIFETIME, make_keys
from peer.core.errors import ConfigError
from peer.edge import keys
from peer.edge.keys import Keys

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def put_keys(folder: Path, made: datetime) -> None:
    (folder / "keys_1001").mkdir(mode=0o700)
    for name, data in make_keys([1001], made)[1001]._asdict().items():
        (folder / "keys_1001" / f"{name}.pem").write_bytes(data)
        (folder / "keys_1001" / f"{name}.pem").chmod(0o600)


def turn_clock(monkeypatch: pytest.MonkeyPatch, to: datetime) -> None:
    monkeypatch.setattr(keys, "datetime", Mock(side_effect=datetime, now=Mock(return_value=to)))


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "made", [NOW, datetime(2049, 12, 25, tzinfo=timezone.utc), datetime(2051, 5, 5, tzinfo=timezone.utc)]
)
def test_a_clock_outside_the_keys_validity_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: datetime
) -> None:
    put_keys(tmp_path, made)
    good = [made - CLOCK_SKEW, made, made + LIFETIME - SECOND]
    for clock in good:
        turn_clock(monkeypatch, clock)
        Keys(str(tmp_path), 1001)
    early = [datetime(1970, 1, 1, 0, 5, tzinfo=timezone.utc), made - CLOCK_SKEW - SECOND]
    late = [made + LIFETIME + SECOND, datetime(2106, 2, 7, tzinfo=timezone.utc)]
    for clock, remedy in [*((one, "; set the clock, or write tls: false") for one in early),
                          *((one, "; set the clock, or deploy again where it is right") for one in late)]:  # fmt: skip
        turn_clock(monkeypatch, clock)
        with pytest.raises(ConfigError) as caught:
            Keys(str(tmp_path), 1001)
        said = str(caught.value)
        assert said.startswith(
            f"{tmp_path}/keys_1001: this machine's clock reads {clock:%Y-%m-%d %H:%M} UTC, and its keys"
        )
        assert f"from {made - CLOCK_SKEW:%Y-%m-%d %H:%M} to {made + LIFETIME:%Y-%m-%d %H:%M}" in said
        assert remedy in said


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_left_to_whoever_loads_it(tmp_path: Path, text: str) -> None:
    put_keys(tmp_path, datetime.now(timezone.utc))
    (tmp_path / "keys_1001" / "cert.pem").write_text(text)
    with pytest.raises(ConfigError, match="its keys can't be used"):
        Keys(str(tmp_path), 1001)
    os.unlink(tmp_path / "keys_1001" / "cert.pem")
    with pytest.raises(ConfigError, match="its keys can't be used"):
        Keys(str(tmp_path), 1001)
