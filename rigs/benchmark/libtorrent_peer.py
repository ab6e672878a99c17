"""One libtorrent session, run as a program on a host: python libtorrent_peer.py JOB.json.

It says "listening TIME" and "complete TIME" (all pieces checked and written), a line each, and seeds until stopped.
Only the settings below differ from libtorrent's own.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any, Dict

WORDS = ("listening", "complete")

TUNED: Dict[str, Any] = {
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,
    "unchoke_slots_limit": -1,
    "unchoke_interval": 1,
    "optimistic_unchoke_interval": 2,
    "connection_speed": 500,
    "torrent_connect_boost": 200,
    "connections_limit": 8000,
    "min_reconnect_time": 1,
    "smooth_connects": False,
    "mixed_mode_algorithm": 0,  # TCP isn't held back in favour of uTP
    "tick_interval": 100,
    "max_out_request_queue": 1500,
    "max_allowed_in_request_queue": 4000,
    "request_queue_time": 1,
    "send_buffer_watermark": 3 << 20,
    "send_buffer_low_watermark": 1 << 20,
    "send_buffer_watermark_factor": 150,
    "max_queued_disk_bytes": 128 << 20,
    "hashing_threads": 2,
    "in_enc_policy": 2,  # no encryption
    "out_enc_policy": 2,
    "close_redundant_connections": False,
}


def main(path: str) -> int:
    lt: Any = importlib.import_module("libtorrent")  # heavy, and not everywhere

    with open(path) as file:
        job = json.load(file)
    kinds = lt.alert.category_t
    mask = kinds.status_notification | kinds.storage_notification | kinds.error_notification
    session = lt.session({**TUNED, "listen_interfaces": job["listen"], "alert_mask": int(mask)})
    handle = session.add_torrent(_parameters(lt, job))
    for host, port in job["dial"]:
        handle.connect_peer((host, port))
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            _tell(lt, alert, job)


def _parameters(lt: Any, job: Dict[str, Any]) -> Any:
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(job["torrent"])
    parameters.save_path = job["folder"]
    parameters.storage_mode = lt.storage_mode_t.storage_mode_sparse
    flags = lt.torrent_flags
    parameters.flags &= ~(flags.auto_managed | flags.paused)
    if job["seed"]:
        parameters.flags |= flags.seed_mode
    return parameters


def _tell(lt: Any, alert: Any, job: Dict[str, Any]) -> None:
    if isinstance(alert, lt.listen_succeeded_alert):
        print(f"listening {time.time():.4f}", flush=True)
    elif isinstance(alert, lt.torrent_finished_alert) and not job["seed"]:
        alert.handle.flush_cache()  # it has every piece, but has yet to write some of them
    elif isinstance(alert, lt.cache_flushed_alert):
        print(f"complete {time.time():.4f}", flush=True)
    elif isinstance(alert, (lt.listen_failed_alert, lt.torrent_error_alert, lt.file_error_alert)):
        print(alert.message(), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
