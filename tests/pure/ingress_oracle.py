"""What a request should meet, by the words of the Kubernetes documentation, with no table and no cleverness.

Shared by the pure test of the routes and by the component test that asks a real HAProxy.
"""

from typing import Any

from hypothesis import strategies as st

Ingress = dict[str, Any]
HOSTS = ("", "foo.com", "bar.foo.com", "*.foo.com", "*.bar.foo.com", "baz.com")
PATHS = ("/", "/foo", "/foo/", "/foo/bar", "/foo/bar/", "/foobar", "/FOO", "/foo/b", "/x;y", "/a%20b")
ASKED_HOSTS = (
    *(host for host in HOSTS if host and "*" not in host),
    "x.foo.com",
    "x.bar.foo.com",
    "FOO.com",
    "foo.com.",
    "x.com",
    "bar.foo.com:8080",
    "foo.com.:80",
    "[::1]:80",
    "[::1]",
)
ASKED_PATHS = (*PATHS, "/foo/bar/baz", "/foobar/x", "/fo", "/foo//", "/x;y/z", "/a%20b/c", "/?foo=/foo", "/foo?x=/bar")


def order(ingress: Ingress) -> tuple[str, str, str]:
    meta = ingress["metadata"]
    return meta["creationTimestamp"], meta["namespace"], meta["name"]


def host_rank(rule: str, asked: str) -> int | None:
    """How well a rule's host fits: 0 exactly, 1 as a wildcard, 2 since it has none; ``None`` not at all."""
    asked = asked.lower()
    if not asked.endswith("]"):  # an IPv6 address without a port
        asked = asked.rpartition(":")[0] or asked
    asked = asked.removesuffix(".")
    if not rule:
        return 2
    if rule.startswith("*."):
        label, dot, rest = asked.partition(".")
        return 1 if dot and label and rest == rule[2:] else None
    return 0 if rule == asked else None


def elements(path: str) -> list[str]:
    return path.rstrip("/").split("/")


def path_rank(kind: str, rule: str, asked: str) -> tuple[int, int] | None:
    """How well a path fits, the smaller the better: exact ones before prefixes, longer prefixes before shorter."""
    if kind == "Exact":
        return (0, 0) if rule == asked else None
    wanted = elements(rule)
    return (1, -len(wanted)) if asked.split("/")[: len(wanted)] == wanted else None


def answer(ingresses: list[Ingress], host: str, target: str) -> tuple[str, str] | None:
    """The Service (``namespace/name``) and port that a request meets; ``None``: nobody's."""
    path = target.partition("?")[0]
    best: tuple[Any, ...] | None = None
    found: dict[str, Any] | None = None
    namespace = ""
    for age, ingress in enumerate(sorted(ingresses, key=order)):
        spec = ingress["spec"]
        offers = []
        for rule in spec.get("rules") or ():
            fit = host_rank(rule.get("host") or "", host)
            for one in (rule.get("http") or {}).get("paths") or ():
                rank = path_rank(one["pathType"], one["path"], path)
                if fit is not None and rank is not None:
                    offers.append(((0, fit, *rank, age), one["backend"]))
        if default := spec.get("defaultBackend"):
            hosts = [rule.get("host") or "" for rule in spec.get("rules") or ()]
            fits = [fit for each in [*hosts, ""] if (fit := host_rank(each, host)) is not None]
            offers.append(((1, min(fits), age), default))
        for rank, backend in offers:
            if best is None or rank < best:
                best, found, namespace = rank, backend, ingress["metadata"]["namespace"]
    if found is None:
        return None
    service = found["service"]
    return f"{namespace}/{service['name']}", str(service["port"]["number"])


def backends() -> st.SearchStrategy[dict[str, Any]]:
    def made(name: str, port: int) -> dict[str, Any]:
        return {"service": {"name": name, "port": {"number": port}}}

    return st.builds(made, st.sampled_from("abcdef"), st.sampled_from((80, 81)))


def rules() -> st.SearchStrategy[dict[str, Any]]:
    path = st.fixed_dictionaries(
        {
            "path": st.sampled_from(PATHS),
            "pathType": st.sampled_from(("Exact", "Prefix", "ImplementationSpecific")),
            "backend": backends(),
        }
    )
    http = st.fixed_dictionaries({"paths": st.lists(path, min_size=1, max_size=3)})
    return st.fixed_dictionaries({"host": st.sampled_from(HOSTS)}, optional={"http": http})


@st.composite
def worlds(draw: st.DrawFn) -> list[Ingress]:
    """Some Ingresses, of which several may want the same."""
    specs = st.fixed_dictionaries({"rules": st.lists(rules(), max_size=3)}, optional={"defaultBackend": backends()})
    ages = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    return [
        {
            "metadata": {
                "name": f"i{place}", "namespace": draw(st.sampled_from(("one", "two"))),
                "creationTimestamp": f"2030-01-01T00:00:0{age}Z",
            },
            "spec": draw(specs),
        }
        for place, age in enumerate(ages)
    ]  # fmt: skip
