"""One request for one file: what is asked, what the answer means, and the bytes as they arrive. `downloads` does the rest.

`$EFFNET_MIRROR`, such as https://mirror.school.example/effnet, replaces everything of an address but the file's name.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from .errors import UserError

if TYPE_CHECKING:  # every page knows of files that can be fetched; only a fetch pays for importing this
    import requests

MIRROR = "EFFNET_MIRROR"
TIMEOUT_S = (10.0, 30.0)  # to connect, and between two pieces
CHUNK = 1 << 17
HOPS = 8  # redirects
TICK_S = 0.1  # how long a wish to stop may go unheard
LOCAL = ("localhost", "127.0.0.1", "::1")
DIGEST = re.compile(r"sha256:[0-9a-f]{8,64}|md5:[0-9a-f]{8,32}")
PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)", re.IGNORECASE)
HEADERS = {"User-Agent": "effnet-explainer", "Accept-Encoding": "identity"}  # ranges and checksums count the file's own bytes
BUSY = (429, 500, 502, 503, 504)
STATUS = {401: "the server asks for a password", 403: "the server refuses access", 404: "there is no such file",
          407: "the proxy asks for a password", 410: "the file was withdrawn", 451: "it may not be given out here"}
REASONS = (  # pattern in what requests or urllib3 raised → words
    (r"NameResolution|getaddrinfo|Name or service not known|nodename nor servname", "its address was not found; there may be no network"),
    (r"CertificateError|SSL|certificate", "the secure connection was not accepted; a proxy or a wrong clock may be the cause"),
    (r"ProxyError|proxy", "the proxy did not let it through"),
    (r"[Tt]imeout|timed out", "the server did not answer in time"),
    (r"refused", "the server refused the connection"),
    (r"Network is unreachable|No route", "there is no network"),
    (r"InvalidURL|InvalidSchema|MissingSchema|LocationParse|No host", "its address is not one that can be fetched"),
)


Item = tuple[int, int | None] | bytes


class Failed(Exception):
    """The file cannot be had; `args[0]` says why in words that complete "… could not be fetched:"."""


class Broken(Failed):
    """Another attempt may go on where this one stopped."""


class Misfit(Broken):
    """What is there of the file is of no use to the server; the next attempt should start over."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that anybody can fetch. `digest`: "sha256:" or "md5:" and the first 8 or more hexadecimal digits."""

    url: str
    name: str  # that it gets here
    digest: str
    bytes: int | None = None  # where it is known exactly

    def __post_init__(self) -> None:
        if not DIGEST.fullmatch(self.digest):
            raise UserError(f"The digest of {self.name} is {self.digest!r}; it must be sha256: or md5: and at least 8 small "
                            "hexadecimal digits.")
        if not self.name or self.name != Path(self.name).name or self.name.startswith("."):
            raise UserError(f"{self.name!r} cannot name a download; give a plain file name.")

    @property
    def address(self) -> str:
        """Where it is fetched from: `url`, or the file of that name on the mirror."""
        mirror = _mirror()
        return mirror + urlsplit(self.url).path.rpartition("/")[2] if mirror else self.url

    @property
    def site(self) -> str:
        return urlsplit(self.address).netloc or self.address


def _mirror() -> str:
    mirror = os.environ.get(MIRROR, "")
    return mirror if not mirror or mirror.endswith("/") else mirror + "/"


def transfer(source: Source, have: int, idle: Callable[[], None]) -> Iterator[Item]:
    """First `window` of the answer to a request for all but the first `have` bytes, then the bytes.

    While the network is silent `idle` is called ten times a second; where it raises, that ends the transfer. Raises `Failed`.
    """
    ready: Queue[tuple[Item | None, Exception | None]] = Queue(8)
    left = threading.Event()

    def hand(item: Item | None, failed: Exception | None = None) -> None:
        while not left.is_set():
            try:
                return ready.put((item, failed), timeout=TICK_S)
            except Full:
                continue

    def work() -> None:  # in a thread of its own, for a read that waits cannot be interrupted
        try:
            for item in _items(source, have):
                hand(item)
                if left.is_set():
                    return
            hand(None)
        except Exception as failed:  # raised again where it can be heard
            hand(None, failed)

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            try:
                item, failed = ready.get(timeout=TICK_S)
            except Empty:
                idle()
                continue
            if failed is not None:
                raise failed
            if item is None:
                return
            yield item
    finally:
        left.set()


def _items(source: Source, have: int) -> Iterator[Item]:
    with ask(source, have) as response:
        start, total = window(response, have)
        yield start, total
        yield from pieces(response, start)


def ask(source: Source, have: int) -> "requests.Response":
    """The answer to a request for all but the first `have` bytes, past redirects. Raises `Failed`."""
    import requests
    from urllib3.exceptions import HTTPError

    url = source.address
    headers = {**HEADERS, "Range": f"bytes={have}-"} if have else HEADERS
    for _ in range(HOPS):
        _check_secure(url)
        try:
            response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S, allow_redirects=False)
        except (requests.RequestException, HTTPError, UnicodeError) as failed:
            raise Broken(reason(failed)) from failed
        if not response.is_redirect:
            return response
        response.close()
        url = urljoin(url, response.headers["Location"])
    raise Failed(f"the request was sent from one address to the next, {HOPS} times, without an end")


def _check_secure(url: str) -> None:
    parts, mirror = urlsplit(url), _mirror()
    chosen = bool(mirror) and url.startswith(mirror)  # a mirror in the same building need not have a certificate
    if parts.scheme != "https" and not (parts.scheme == "http" and (parts.hostname in LOCAL or chosen)):
        raise Failed(f"it would come from {url[:200]}, which is no secure (https) address")


def window(response: "requests.Response", have: int) -> tuple[int, int | None]:
    """(place of the first byte that follows, size of the whole file or None). Raises `Failed` for any other answer.

    A server that knows nothing of ranges sends the file from its start, with status 200.
    """
    status, length = response.status_code, response.headers.get("Content-Length", "")
    given = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if status == 200:
        return 0, int(length) if length.isdigit() else None
    if status == 206 and given and int(given[1]) == have:
        return have, int(given[2]) if given[2] != "*" else None
    if status in (206, 416) and have:
        raise Misfit("the server has another file than before")
    if status in BUSY:
        raise Broken(f"the server is busy or out of order (status {status})")
    raise Failed(f"{STATUS.get(status, 'the server did not send it')} (status {status})")


def pieces(response: "requests.Response", start: int) -> Iterator[bytes]:
    """The bytes as they arrive. Raises `Failed` for a web page, `Broken` where the connection breaks."""
    from urllib3.exceptions import HTTPError

    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    while True:
        try:
            piece = response.raw.read1(CHUNK, decode_content=False)  # what has arrived, not a whole chunk
        except (HTTPError, OSError) as failed:
            raise Broken(reason(failed)) from failed
        if not piece:
            return
        if is_page or start == 0 and PAGE.match(piece):
            raise Failed("a web page came in its place, so a proxy, a filter or a login page may stand between (a browser shows it)")
        start += len(piece)
        yield piece


def reason(failed: Exception) -> str:
    """Why a connection failed, in words."""
    said = f"{type(failed).__name__} {failed}"
    return next((words for pattern, words in REASONS if re.search(pattern, said)), "the connection broke")
