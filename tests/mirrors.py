"""A file server on this machine for tests of downloads: obedient, or broken in one of the ways in which servers are."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror:
    """`files` by name; `manners` by name say how a file is sent. `asked` lists (name, Range header) of all requests."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.manners: dict[str, str] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.goal = ""  # of redirects
        self.more = threading.Event()  # lets a slow file go on
        self.sent = 0  # bytes of bodies
        self.url = ""

    def ranges(self, name: str) -> list[str | None]:
        return [given for asked, given in self.asked if asked == name]


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        name, given = self.path.rpartition("/")[2], self.headers.get("Range")
        self.mirror.asked.append((name, given))
        manner = self.mirror.manners.get(name, "")
        if manner.isdigit():
            self._reply(int(manner), b"no")
        elif manner == "page":
            self._reply(200, b"<html>Please log in</html>", {"Content-Type": "text/html; charset=utf-8"})
        elif manner == "hidden page":
            self._reply(200, b"\n<!DOCTYPE html><title>Filter</title>", {"Content-Type": "application/octet-stream"})
        elif manner == "redirect":
            self._reply(302, b"", {"Location": self.mirror.goal})
        elif name in self.mirror.files:
            self._file(self.mirror.files[name], given, manner)
        else:
            self._reply(404, b"no")

    def _file(self, content: bytes, given: str | None, manner: str) -> None:
        size, wanted = len(content), re.fullmatch(r"bytes=(\d+)-", given or "")
        headers = {"Content-Encoding": "gzip"} if manner == "called gzip" else {}
        if not wanted or manner == "no ranges":
            return self._reply(200, content, headers, manner)
        start = int(wanted[1])
        if start >= size:
            return self._reply(416, b"", {"Content-Range": f"bytes */{size}"})
        if manner == "wrong range":
            return self._reply(206, content, {"Content-Range": f"bytes 0-{size - 1}/{size}"})
        self._reply(206, content[start:], {**headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"}, manner)

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None, manner: str = "") -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "application/octet-stream", **(headers or {})}.items():
            self.send_header(key, value)
        if manner != "no length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            if manner == "half":  # and then the connection is gone
                body = body[: len(body) // 2]
            if manner == "slow":
                self._write(body[: len(body) // 4])
                self.mirror.more.wait(20)
                body = body[len(body) // 4 :]
            self._write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _write(self, body: bytes) -> None:
        self.wfile.write(body)
        self.wfile.flush()
        self.mirror.sent += len(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32

    def handle_error(self, *_) -> None:  # a client that stopped is no error
        pass


@contextmanager
def serving() -> Iterator[Mirror]:
    mirror = Mirror()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"mirror": mirror}))
    mirror.url = f"http://127.0.0.1:{server.server_port}/files"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield mirror
    finally:
        mirror.more.set()
        server.shutdown()
        server.server_close()
