"""A payload from a web server, on hosts of this machine."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.deploy_edge.fabrun import fab
from tests.deploy_edge.localhosts import copies
from tests.edge.webserver import CUT, serving

DATA = random.Random(2).randbytes(300_000)


def test_one_seed_fetches_once_and_the_others_have_it_from_the_swarm(
    write: Callable[..., None], tmp_path: Path
) -> None:
    with serving(DATA) as web:
        web.script = [CUT]
        write(payload=f'{{url: "{web.url}", sha256: {web.sha256}, name: f.dat}}')
        path = tmp_path / "inventory.yaml"
        path.write_text(path.read_text().replace("seeds: [a]", "seeds: [a, b]"))
        ran = fab(tmp_path, "up")
        assert ran.code == 0 and copies(tmp_path, "a", "b", "c") == {DATA}, ran
        assert fab(tmp_path, "deploy").code == 0
        assert [asked for asked, _ in web.asked] == ["", "bytes=150000-"]
        other = "0" * 64  # the server says that nothing has changed, and yet this isn't the file that is wanted
        path.write_text(path.read_text().replace(web.sha256, other))
        ran = fab(tmp_path, "deploy")
        assert ran.code == 1 and f"its SHA-256 is {web.sha256}, and the inventory says {other}" in ran.err, ran
