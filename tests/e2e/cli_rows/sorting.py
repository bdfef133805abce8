"""Sorting, paging and watching."""

from .row import reads

ROWS = (
    reads(
        "sort-by",
        "get svc --sort-by=.metadata.name", "get svc --sort-by={.spec.type}", "get svc --sort-by=metadata.uid -o name",
        "get cm --sort-by=.metadata.name -o name", "get svc --sort-by=.nosuch", "get svc --sort-by={.x",
        "get svc --sort-by=.spec.ports[0].port", "get pods -l app=none --sort-by=.nosuch",
        "get svc --sort-by=.spec.selector", "get svc web --sort-by=.nosuch", "get pods -o wide --sort-by=.status.podIP",
    ),
    reads(
        "watching for a second",
        "get svc -w --request-timeout=1s", "get svc web -w -o name --request-timeout=1s",
        "get svc -w --output-watch-events --request-timeout=1s", "get cm settings -w -o yaml --request-timeout=1s",
        "get svc,cm -w", "get svc web outside -w", "get svc nosuch -w", "get svc --watch-only --request-timeout=1s",
    ),
)  # fmt: skip
