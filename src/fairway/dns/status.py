"""Status: what the DNS tells about itself over HTTP: ``/metrics``, ``/health`` and ``/ready``, as CoreDNS does.

Source: CoreDNS docs, plugins "prometheus", "health" and "ready".
"""

from typing import Final

from fairway.dns.metrics import DnsMetrics
from fairway.dns.responder import Responder
from fairway.transport.exposition import CONTENT_TYPE
from fairway.transport.interface import Handler, Request, Response

TEXT: Final = "text/plain; charset=utf-8"


def status_handler(metrics: DnsMetrics, responder: Responder) -> Handler:
    """Answers for one server; it is ready when it knows the cluster."""

    def answer(request: Request) -> Response:
        match request.path:
            case "/metrics":
                return Response(200, metrics.text().encode(), CONTENT_TYPE)
            case "/health":
                return Response(200, b"OK", TEXT)
            case "/ready":
                return Response(200, b"OK", TEXT) if responder.is_synced else Response(503, b"kubernetes", TEXT)
        return Response(404, b"404 page not found\n", TEXT)

    return answer
