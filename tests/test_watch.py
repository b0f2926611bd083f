"""``netdsl watch``: what is saved is shown, what is wrong is said, and nobody else is answered."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netdsl.cli import main
from netdsl.cli.serve import Server
from netdsl.cli.watch import Watcher, parser
from netdsl.diagnostics import NetdslError

GOOD = 'net small\nuse "blocks.net"\ninput 3x16x16\nconv3-8, relu\nextra\ngap, fc-10\n'
BLOCKS = "block extra { conv3-8, relu }\n"


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing came of it"
        threading.Event().wait(0.01)


class Watched:
    """A net that is watched, in a thread of its own."""

    def __init__(self, folder: Path, text: str = GOOD) -> None:
        self.connections: list[http.client.HTTPConnection | http.client.HTTPResponse] = []
        self.file = folder / "small.net"
        self.file.write_text(text)
        (folder / "blocks.net").write_text(BLOCKS)
        options = parser().read([str(self.file), "--port", "0"])
        self.watcher = Watcher(str(self.file), None, options)
        self.server = self.watcher.server
        self.looks = 0
        look = self.watcher.look

        def counted() -> None:
            look()
            self.looks += 1

        self.watcher.look = counted  # type: ignore[method-assign]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.server.start()
        self.thread.start()
        until(lambda: self.server.state.number)

    def _run(self) -> None:
        self.watcher.look()
        self.watcher.watch(self.stop)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(20)
        self.server.close()
        for connection in self.connections:
            connection.close()

    def get(self, path: str = "/", host: str | None = None, method: str = "GET") -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        self.connections.append(connection)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host if host is not None else f"127.0.0.1:{self.server.port}")
        connection.endheaders()
        answer = connection.getresponse()
        self.connections.append(answer)
        return answer

    def page(self) -> str:
        return self.get().read().decode()

    def problems(self) -> list[str]:
        return [each["code"] for each in self.server.state.problems]


class Events:
    """A browser that listens."""

    def __init__(self, watched: Watched) -> None:
        self.answer = watched.get("/events")
        assert self.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"

    def next(self) -> dict[str, Any]:
        while True:
            line = self.answer.readline().decode()
            assert line, "the server has ended"
            if line.startswith("data: "):
                value: dict[str, Any] = json.loads(line[6:])
                return value


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    before = threading.active_count()
    found = Watched(tmp_path)
    yield found
    found.close()
    assert threading.active_count() == before, threading.enumerate()


def test_what_is_saved_is_shown(watched: Watched) -> None:
    first = watched.page()
    assert "<h1>small</h1>" in first and "connect-src 'self'" in first
    listener, other = Events(watched), Events(watched)
    begun = listener.next()
    assert begun["problems"] == [] and f'data-live="{begun["page"]}"' in first
    assert other.next() == begun
    watched.file.write_text(GOOD.replace("net small", "net bigger"))
    now = listener.next()
    assert now["page"] != begun["page"] and other.next() == now
    assert "<h1>bigger</h1>" in watched.page() and f'data-live="{now["page"]}"' in watched.page()
    # A file that the net uses counts too.
    (watched.file.parent / "blocks.net").write_text(BLOCKS.replace("conv3-8", "conv5-24"))
    assert listener.next()["page"] != now["page"]
    assert '"5×5 conv, 24"' in watched.page()


def test_what_is_broken_is_said_and_the_last_picture_stays(watched: Watched) -> None:
    listener = Events(watched)
    begun = listener.next()
    watched.file.write_text(GOOD.replace("gap", "gapp"))
    now = listener.next()
    assert now["page"] == begun["page"]
    (problem,) = now["problems"]
    assert (problem["severity"], problem["code"], problem["help"]) == ("error", "ND201", "did you mean `gap`?")
    assert problem["excerpt"].endswith("6 | gapp, fc-10\n  | ^^^^") and "small.net:6:1" in problem["excerpt"]
    assert "<h1>small</h1>" in watched.page()
    watched.file.write_text(GOOD)
    mended = listener.next()
    assert mended["problems"] == [] and mended["page"] != begun["page"]


def test_a_file_that_a_net_misses_is_waited_for(watched: Watched) -> None:
    used = watched.file.parent / "blocks.net"
    used.unlink()
    until(lambda: "ND224" in watched.problems())
    used.write_text(BLOCKS)
    until(lambda: watched.problems() == [])


def test_editors_that_move_a_new_file_into_place(watched: Watched) -> None:
    beside = watched.file.with_suffix(".new")
    for number in range(3):
        watched.file.unlink()
        threading.Event().wait(0.05)
        beside.write_text(GOOD.replace("net small", f"net small{number}"))
        os.replace(beside, watched.file)
        name = f"<h1>small{number}</h1>"
        until(lambda: name in watched.page())  # noqa: B023
    assert not watched.problems()
    watched.file.unlink()
    until(lambda: watched.problems() == ["ND001"])
    watched.file.write_text(GOOD)
    until(lambda: not watched.problems())


def test_saves_in_a_row_are_drawn_once(watched: Watched) -> None:
    before = watched.looks
    for number in range(40):
        watched.file.write_text(GOOD.replace("net small", f"net small{number}"))
        threading.Event().wait(0.005)
    until(lambda: "<h1>small39</h1>" in watched.page())
    assert watched.looks - before <= 4


def test_a_file_is_read_when_it_is_at_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("net a\ninput 3x4x4\nconv3-2\n")
    watcher = Watcher(str(file), None, parser().read([str(file), "--port", "0"]))
    try:
        watcher.look()
        assert not watcher.due()
        for number in range(3):
            file.write_text(f"net a\ninput 3x4x4\nconv3-{10**number}\n")
            assert not watcher.due()
        assert watcher.due()
        watcher.look()
        assert not watcher.due()
        # A file that is gone may come back; after some looks it is missed.
        file.unlink()
        waits = [watcher.due() for _ in range(20)]
        assert waits.index(True) > 3
    finally:
        watcher.server.close()


def test_a_net_that_is_broken_from_the_start(tmp_path: Path) -> None:
    found = Watched(tmp_path, text="net\n")
    try:
        assert found.problems() and found.server.state.version == ""
        assert 'id="data">null</script>' in found.page()
        found.file.write_text(GOOD)
        until(lambda: found.server.state.version)
        assert "<h1>small</h1>" in found.page()
    finally:
        found.close()


def test_a_mistake_of_ours_is_said_and_ends_nothing(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError("by nothing")

    with monkeypatch.context() as patched:
        patched.setattr("netdsl.cli.watch.page", fail)
        watched.file.write_text(GOOD + "# saved\n")
        until(watched.problems)
    message = watched.server.state.problems[0]["message"]
    assert message == "netdsl itself failed: ZeroDivisionError: by nothing"
    assert "<h1>small</h1>" in watched.page()
    watched.file.write_text(GOOD)
    until(lambda: not watched.problems())


def test_strangers_are_refused(watched: Watched) -> None:
    port = watched.server.port
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        f"127.0.0.1:{port + 1}",
        "",
        f"x@127.0.0.1:{port}",
    ):
        for path in ("/", "/events"):
            refused = watched.get(path, host)
            assert refused.status == 403, host
            assert b"small" not in refused.read()
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert watched.get("/", host).status == 200, host
    without = socket.create_connection(("127.0.0.1", port), 20)
    without.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert b" 403 " in without.makefile("rb").readline()
    without.close()


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_nothing_but_get(watched: Watched, method: str) -> None:
    answer = watched.get("/", method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_nothing_but_the_page(watched: Watched) -> None:
    for path in (
        "/small.net",
        "/blocks.net",
        "/../small.net",
        "/%2e%2e/",
        "/etc/passwd",
        "/events/",
        "/.git",
        "*",
    ):
        answer = watched.get(path)
        assert answer.status == 404, path
        assert b"conv3" not in answer.read()
    good = watched.get("/?anything")
    assert good.status == 200
    headers = good.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    assert watched.get("/none").headers["Cache-Control"] == "no-store"
    assert not re.search(r"\d", headers["Server"])


def test_clients_side_by_side_and_ones_that_go(watched: Watched) -> None:
    listeners = [Events(watched) for _ in range(12)]
    for listener in listeners:
        listener.next()
    for listener in listeners[::2]:
        listener.answer.close()
    silent = socket.create_connection(("127.0.0.1", watched.server.port))
    watched.file.write_text(GOOD.replace("net small", "net other"))
    for listener in listeners[1::2]:
        assert listener.next()["page"]
    pages: list[str] = []
    readers = [threading.Thread(target=lambda: pages.append(watched.page())) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(20)
    assert len(set(pages)) == 1 and len(pages) == 8
    # No thread may wait for this one in the end.
    silent.sendall(b"GET ")
    watched.close()
    silent.close()


def test_a_port_that_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "small.net").write_text(GOOD)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["watch", str(tmp_path / "small.net"), "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"error[ND012]: nothing can be served at 127.0.0.1:{port}: address already in use" in said
    assert "`--port 0` takes any port that is free" in said


def test_an_address_that_is_none() -> None:
    for host in ("256.1.1.1", "no.such.name.invalid", "a" * 300):
        with pytest.raises(NetdslError, match="ND012"):
            Server(host, 0, str)


def test_other_addresses_need_the_flag() -> None:
    assert parser().read(["x.net"]).host == "127.0.0.1"
    server = Server("0.0.0.0", 0, str)
    try:
        port = server.port
        assert server.address == f"http://127.0.0.1:{port}/"
        assert server.knows(f"192.168.1.7:{port}") and server.knows(f"localhost:{port}")
        # A name may have been bent to this address by a page of its own.
        assert not server.knows(f"evil.example:{port}") and not server.knows("192.168.1.7")
    finally:
        server.close()
    server = Server("127.0.0.1", 0, str)
    try:
        assert not server.knows(f"192.168.1.7:{server.port}")
    finally:
        server.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-"], "the standard input cannot be saved again"),
        (["x.net", "--port", "70000"], "`70000` is not a port"),
        (["x.net", "--port", "-1"], "`-1` is not a port"),
        (["x.net", "--theme", "print"], "is none of"),
        (["x.net", "y.net"], "one argument too many"),
    ],
)
def test_usage(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send to another process")
def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    (tmp_path / "small.net").write_text(GOOD)
    (tmp_path / "blocks.net").write_text(BLOCKS)
    command = [sys.executable, "-m", "netdsl", "watch", "small.net", "--port", "0", "--open"]
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "opened"}\n')
    browser.chmod(0o755)
    environment = {**os.environ, "BROWSER": str(browser), "PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"small\.net is at (http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n", line)
        assert found, line
        assert "drawn in" in process.stderr.readline()
        until(lambda: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text())
        assert (tmp_path / "opened").read_text().strip() == found[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()
