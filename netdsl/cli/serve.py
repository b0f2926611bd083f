"""A server of one page for one reader's browser: the page, and events that say when there is a newer one."""

from __future__ import annotations

import errno
import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from netdsl.diagnostics import Diagnostic, NetdslError

#: Seconds after which a browser that sent no request is left, and between signs of life to one that listens.
_PATIENCE, _BEAT = 10.0, 5.0


class State(NamedTuple):
    """What there is to show: the last good page, its version (empty before there is one), and what is wrong now.

    ``number`` counts what was published.
    """

    number: int
    page: str
    version: str
    problems: tuple[dict[str, str], ...]


class Server:
    """Serves on ``host`` and ``port`` (0 for any that is free) from :meth:`start` until :meth:`close`.

    ``make`` makes a page of a version's name. Raises :class:`NetdslError` (ND012) where the address cannot be had.
    """

    def __init__(self, host: str, port: int, empty: Callable[[str], str]) -> None:
        self.host = host
        self.run = token_hex(4)
        self.state = State(0, empty(""), "", ())
        self.changed = threading.Condition()
        self.closing = False
        try:
            self._http = _Http((host, port), self)
        except (OSError, OverflowError, UnicodeError) as error:
            raise _unavailable(host, port, error) from None
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), name="netdsl-server")

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        # A browser cannot go to "any address".
        name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}/"

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def publish(self, make: Callable[[str], str] | None, problems: Sequence[dict[str, str]]) -> None:
        """Shows a new page, made of its version's name, or keeps the last; and what is wrong now."""
        with self.changed:
            number = self.state.number + 1
            version, page = self.state.version, self.state.page
            if make is not None:
                version = f"{self.run}-{number}"
                page = make(version)
            self.state = State(number, page, version, tuple(problems))
            self.changed.notify_all()

    def close(self) -> None:
        """Ends all connections; no thread is left."""
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.hang_up()
        self._http.server_close()

    def knows(self, host: str | None) -> bool:
        """Whether a request's ``Host`` is this server: a page of another name that leads here is a stranger's."""
        name, port = _split(host or "")
        if port != self.port:
            return False
        if name in ("localhost", self.host.lower()):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # No name was looked up for an address, so nobody can have bent it.
        return address.is_loopback or self.host not in ("127.0.0.1", "localhost", "::1")


def _split(host: str) -> tuple[str, int]:
    """Name and port of a ``Host`` header; port 0 where it has none that is a number."""
    try:
        parts = urlsplit(f"//{host}")
        port = 80 if parts.port is None else parts.port
    except ValueError:
        return "", 0
    plain = parts.username is None and not parts.path and not parts.query and not parts.fragment
    return ((parts.hostname or "").lower(), port) if plain else ("", 0)


def _unavailable(host: str, port: int, error: Exception) -> NetdslError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    taken = isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES)
    help = "`--port 0` takes any port that is free"
    if not taken:
        help = "leave `--host` out for this machine alone; `--host 0.0.0.0` is all of its addresses"
    return NetdslError([Diagnostic("ND012", f"nothing can be served at {host or '*'}:{port}: {reason}", None, help)])


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    # A port that another program has is an error, on every system.
    allow_reuse_port = False
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The base class looks the host's name up, which may take long.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends what still waits for a request."""
        with self.lock:
            for request in self.open:
                try:
                    request.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves in the middle of an answer is no error."""


class _Handler(BaseHTTPRequestHandler):
    server_version = "netdsl"
    sys_version = ""
    timeout = _PATIENCE
    server: _Http

    def do_GET(self) -> None:
        owner = self.server.owner
        if not owner.knows(self.headers.get("Host")):
            self._answer(HTTPStatus.FORBIDDEN, "This server is not of that name.\n")
        elif self.path.partition("?")[0] == "/":
            self._answer(HTTPStatus.OK, owner.state.page, "text/html")
        elif self.path == "/events":
            self._events()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here; the page is at /.\n")

    def __getattr__(self, name: str) -> Any:
        """What is asked for in any other way."""
        if name.startswith("do_"):
            return lambda: self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "This server knows GET alone.\n")
        raise AttributeError(name)

    def _answer(self, status: HTTPStatus, text: str, kind: str = "text/plain") -> None:
        data = text.encode()
        self._head(status, f"{kind}; charset=utf-8")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")

    def _events(self) -> None:
        """What there is now, then each newer state, until either side leaves."""
        owner = self.server.owner
        self._head(HTTPStatus.OK, "text/event-stream; charset=utf-8")
        self.end_headers()
        sent = -1
        while True:
            with owner.changed:
                owner.changed.wait_for(partial(self._news, sent), _BEAT)
                state = owner.state
                if owner.closing:
                    return
            if state.number == sent:
                self.wfile.write(b":\n\n")
                continue
            sent = state.number
            value = {"page": state.version, "problems": state.problems}
            self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())

    def _news(self, sent: int) -> bool:
        owner = self.server.owner
        return owner.closing or owner.state.number != sent

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are no news."""
