"""A webhook of this machine: HTTPS, one thread a request; ``answer`` makes of a review's request its response."""

import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from component.authority import Authority

Answer = Callable[[dict[str, Any]], dict[str, Any]]


@contextmanager
def listening(folder: Path, answer: Answer) -> Iterator[dict[str, str]]:
    """The clientConfig that leads to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = {"uid": review["request"]["uid"], **answer(review["request"])}
            about = {"kind": review["kind"], "apiVersion": review["apiVersion"]}
            body = orjson.dumps({**about, "response": response})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test tells what is of interest."""

    authority = Authority(folder, "hooks-ca")
    pair = authority.issue("hook")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"https://127.0.0.1:{server.server_address[1]}"
        yield {"url": url, "caBundle": b64encode(authority.ca.read_bytes()).decode()}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
