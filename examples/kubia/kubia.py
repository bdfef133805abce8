"""kubia: answers every request with "You've hit <hostname>".

    KUBIA_PORTS      ports for HTTP, separated by blanks (default 8080)
    KUBIA_TLS_PORT   a port for HTTPS (default none)

One thread and one epoll for everything, so hundreds of connections cost little.  On SIGTERM nothing new is taken,
requests that have begun are finished, and the process exits.

It starts in every pod of every example, so it starts fast: HTTP needs only built-in modules of the interpreter
(``_socket`` is what ``socket`` is made of; importing the latter doubles the time to the first answer), and TLS is
imported only where it is asked for.
"""

import _signal
import _socket
import posix
import select
import sys
import time

CERTIFICATE = "/app/kubia.crt"
KEY = "/app/kubia.key"
HEAD_MAX = 64 * 1024
CHUNK = 64 * 1024
GRACE_S = 5.0
"""The longest that requests under way are waited for after SIGTERM."""
BACKLOG = 1024


class Connection:
    """One client: bytes in, whole requests recognised, answers out."""

    def __init__(self, descriptor, peer, tls=None):
        self.socket = _socket.socket(fileno=descriptor)
        self.socket.setblocking(False)
        self.peer = peer
        self.tls = tls
        self.received = b""
        self.skip = 0
        self.unsent = b""
        self.closing = False
        self.answered = False

    def busy(self):
        """Whether a request has begun or may be on its way, or an answer is not out yet."""
        return bool(self.unsent or self.received or self.skip or not self.answered)

    def readable(self, answer):
        """Take what has come; false when the client has gone."""
        try:
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        if self.tls is not None:
            data = self.tls.received(self, data)
            if data is None:
                return False
        self.received += data
        self.take_requests(answer)
        return self.send()

    def take_requests(self, answer):
        """Answer every whole request received so far."""
        while not self.closing:
            if self.skip:
                skipped = self.received[: self.skip]
                self.received = self.received[len(skipped) :]
                self.skip -= len(skipped)
                if self.skip:
                    return
            head, end, rest = self.received.partition(b"\r\n\r\n")
            if not end:
                if len(head) > HEAD_MAX:
                    self.respond(b"431 Request Header Fields Too Large", b"", b"GET", close=True)
                return
            self.received = rest
            self.take_request(head, answer)

    def take_request(self, head, answer):
        """Answer one request, of which only the method, the version and three headers matter."""
        lines = head.split(b"\r\n")
        words = lines[0].split(b" ")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip().lower()
        length = headers.get(b"content-length", b"0")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or not length.isdigit():
            self.respond(b"400 Bad Request", b"", b"GET", close=True)
            return
        kept = headers.get(b"connection", b"")
        close = b"close" in kept or (words[2] == b"HTTP/1.0" and b"keep-alive" not in kept)
        close = close or b"transfer-encoding" in headers
        self.skip = int(length)
        posix.write(1, b"request from %s\n" % self.peer)
        self.respond(b"200 OK", answer, words[0], close=close)

    def respond(self, status, body, method, *, close):
        """Put an answer behind what is still unsent."""
        head = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n" % (status, len(body))
        head += b"Connection: close\r\n\r\n" if close else b"\r\n"
        answer = head if method == b"HEAD" else head + body
        self.unsent += answer if self.tls is None else self.tls.encrypted(answer)
        self.closing = self.closing or close
        self.answered = True

    def send(self):
        """Send what there is; false when the connection is done or broken."""
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return not self.closing


class Tls:
    """TLS between the socket's bytes and the request's."""

    def __init__(self, context):
        import ssl

        self.want_read = ssl.SSLWantReadError
        self.failure = ssl.SSLError
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.open = False

    def received(self, connection, data):
        """The plain bytes in ``data``; ``None`` when the client has finished or speaks no TLS."""
        self.incoming.write(data)
        plain = b""
        try:
            if not self.open:
                self.session.do_handshake()
                self.open = True
            while True:
                piece = self.session.read(CHUNK)
                if not piece:
                    return None
                plain += piece
        except self.want_read:
            return plain
        except self.failure:
            connection.send()
            return None
        finally:
            connection.unsent += self.outgoing.read()

    def encrypted(self, data):
        """``data`` as it goes over the wire."""
        self.session.write(data)
        return self.outgoing.read()


class Server:
    """Listens on several ports and serves until it is told to stop."""

    def __init__(self, answer):
        self.answer = answer
        self.poll = select.epoll()
        self.listeners = {}
        self.connections = {}
        self.stop_read, self.stop_write = posix.pipe()
        posix.set_blocking(self.stop_read, False)
        posix.set_blocking(self.stop_write, False)
        self.poll.register(self.stop_read, select.EPOLLIN)

    def listen(self, port, context=None):
        """Take connections on a port, of IPv6 too where the machine has it."""
        try:
            listener = _socket.socket(_socket.AF_INET6, _socket.SOCK_STREAM)
            listener.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
            address = "::"
        except OSError:
            listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            address = "0.0.0.0"
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self.listeners[listener.fileno()] = (listener, context)
        self.poll.register(listener.fileno(), select.EPOLLIN)

    def accept(self, listener, context):
        """Take every connection that waits."""
        while True:
            try:
                descriptor, address = listener._accept()
            except OSError:
                return
            peer = address[0].removeprefix("::ffff:").encode()
            connection = Connection(descriptor, peer, Tls(context) if context is not None else None)
            connection.socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            self.connections[descriptor] = connection
            self.poll.register(descriptor, select.EPOLLIN)

    def step(self, descriptor, event):
        """What one ready descriptor asks for."""
        if descriptor in self.listeners:
            self.accept(*self.listeners[descriptor])
            return
        connection = self.connections.get(descriptor)
        if connection is None:
            return
        alive = connection.send() if event == select.EPOLLOUT else connection.readable(self.answer)
        if not alive:
            self.drop(descriptor)
        else:
            self.poll.modify(descriptor, select.EPOLLOUT if connection.unsent else select.EPOLLIN)

    def drop(self, descriptor):
        """End a connection."""
        self.poll.unregister(descriptor)
        self.connections.pop(descriptor).socket.close()

    def serve(self):
        """Serve until a byte comes through the stop pipe."""
        while True:
            ready = self.poll.poll()
            for descriptor, event in ready:
                if descriptor == self.stop_read:
                    return
                self.step(descriptor, event)

    def finish(self):
        """Take what waits already, listen no more, and serve what has begun to its end."""
        self.poll.unregister(self.stop_read)
        for descriptor, (listener, context) in list(self.listeners.items()):
            self.accept(listener, context)
            self.poll.unregister(descriptor)
            listener.close()
        self.listeners.clear()
        deadline = time.monotonic() + GRACE_S
        while True:
            for descriptor in [fd for fd, connection in self.connections.items() if not connection.busy()]:
                self.drop(descriptor)
            left = deadline - time.monotonic()
            if not self.connections or left <= 0:
                return
            for descriptor, event in self.poll.poll(left):
                self.step(descriptor, event)


def tls_context():
    """The server's side of TLS with the image's self-signed certificate."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


def main():
    """Serve as the environment says."""
    environment = {name.decode(): value.decode() for name, value in posix.environ.items()}
    server = Server(b"You've hit %s\n" % _socket.gethostname().encode())
    _signal.signal(_signal.SIGTERM, lambda _number, _frame: None)
    _signal.signal(_signal.SIGINT, lambda _number, _frame: None)
    _signal.set_wakeup_fd(server.stop_write)
    ports = environment.get("KUBIA_PORTS", "8080").split()
    for port in ports:
        server.listen(int(port))
    tls_port = environment.get("KUBIA_TLS_PORT", "")
    if tls_port:
        server.listen(int(tls_port), tls_context())
    posix.write(1, f"kubia listens on {' '.join([*ports, tls_port]).strip()}\n".encode())
    server.serve()
    server.finish()


if __name__ == "__main__":
    main()
    sys.exit(0)
