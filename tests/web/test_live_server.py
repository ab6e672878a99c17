"""The live page's server: who is let in, what it answers, and watchers that sleep, leave or are too many."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from deploy.edge.web import liveserver
from deploy.edge.web.liveserver import LiveServer
from tests.helpers.waiting import wait_for

SECONDS = 20.0
pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.fixture
def server() -> Iterator[LiveServer]:
    one = LiveServer(lambda: ("<p>the page</p>", "default-src 'none'"))
    yield one
    one.feed.put(b"{}", over=True)
    one.end(SECONDS)


def ask(server: LiveServer, path: str, method: str = "GET", **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(liveserver.ADDRESS, server.server_port, timeout=SECONDS)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


def events(server: LiveServer) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(liveserver.ADDRESS, server.server_port, timeout=SECONDS)
    connection.request("GET", f"/{server.token}/events")
    return connection.getresponse()


def state(answer: http.client.HTTPResponse) -> bytes:
    """The next one, without the lines between."""
    line = answer.readline()
    while not line.startswith(b"data:"):
        assert line, "the stream ended"
        line = answer.readline()
    return line[5:].strip()


def test_whoever_has_the_address_sees_the_page(server: LiveServer) -> None:
    code, text, headers = ask(server, f"/{server.token}/")
    assert (code, text) == (200, "<p>the page</p>")
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert ask(server, f"/{server.token}/", Host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.com"},
        {"Host": "127.0.0.1"},
        {"Host": "rebound.example.com:{port}"},
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["", "events"])
def test_other_names_and_other_pages_are_refused(server: LiveServer, headers: dict[str, str], path: str) -> None:
    filled = {name: value.format(port=server.server_port) for name, value in headers.items()}
    code, text, _ = ask(server, f"/{server.token}/{path}", **filled)
    assert code == 403 and "page" in text and server.token not in text


@pytest.mark.parametrize(
    "path", ["/", "/x/", "/events", "/{token}", "/{token}/x", "/{token}x/", "/../{token}/", "/%C3%A9"]
)
def test_without_the_token_there_is_nothing(server: LiveServer, path: str) -> None:
    assert ask(server, path.format(token=server.token))[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_changed(server: LiveServer, method: str) -> None:
    assert ask(server, f"/{server.token}/", method)[0] == 501


def test_watchers_get_the_latest_state_and_the_last(server: LiveServer) -> None:
    server.feed.put(b"1")
    one, other = events(server), events(server)
    assert state(one) == state(other) == b"1"
    server.feed.put(b"2")
    assert state(one) == b"2"
    server.feed.put(b"3", over=True)
    assert state(one) == b"3"
    assert one.read() == b"\nevent: over\ndata:\n\n"
    assert b"data: 3" in other.read()


def test_a_watcher_that_sleeps_holds_up_nobody(server: LiveServer) -> None:
    asleep = events(server)
    state_of = b"x" * 1_000_000
    awake = events(server)
    for number in range(30):  # more than the system keeps for one that doesn't read
        server.feed.put(b"%d" % number + state_of)
        assert state(awake).startswith(b"%d" % number)
    asleep.close()


def test_a_watcher_that_left_is_forgotten_and_too_many_are_refused(
    server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveserver, "MOST_WATCHERS", 1)
    monkeypatch.setattr(liveserver, "_BEAT_SECONDS", 0.02)
    with socket.create_connection((liveserver.ADDRESS, server.server_port), SECONDS) as first:
        first.sendall(f"GET /{server.token}/events HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n".encode())
        wait_for(lambda: server.feed.watched, "the first watcher")
        assert events(server).status == 503
    wait_for(lambda: not server.feed.watched, "the server to notice that it left")
    assert events(server).status == 200


def test_only_this_machine_is_served(server: LiveServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
