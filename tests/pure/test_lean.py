"""What controllers keep of objects: all but the managed fields, or the identity; equal parts are kept once."""

import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairway.objects import Object
from fairway.reconcile.lean import identity, lean

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)


def pod(name: str, **more: Any) -> Object:
    container = {"name": "app", "image": "registry.example.com/shop:1", "ports": [{"containerPort": 8080}]}
    metadata = {
        "name": name, "namespace": "default", "uid": name, "labels": {"app": "shop"}, "resourceVersion": "7",
        "managedFields": [{"manager": "kubelet"}],
    }  # fmt: skip
    spec = {"nodeName": name, "containers": [container], **more}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec}


def exact(value: Any) -> Any:
    """``value`` with the types of its leaves: 1, 1.0 and True are equal in Python, and not in JSON."""
    if isinstance(value, dict):
        return {name: exact(below) for name, below in value.items()}
    return [exact(below) for below in value] if isinstance(value, list) else (type(value), value)


@given(st.dictionaries(st.text(max_size=2), VALUES, max_size=3), st.dictionaries(st.text(max_size=2), VALUES))
def test_all_but_the_managed_fields_stays_as_it_is(spec: Object, labels: Object) -> None:
    metadata = {"name": "a", "labels": labels, "managedFields": [{}]}
    found = {"apiVersion": "v1", "kind": "X", "metadata": metadata, "spec": spec, "data": [spec]}
    kept = lean(found)
    del metadata["managedFields"]
    assert exact(kept) == exact(found)
    assert exact(identity(found)) == exact({name: found[name] for name in ("apiVersion", "kind", "metadata")})


def test_equal_parts_are_one_value() -> None:
    one, other = lean(pod("a")), lean(pod("b"))
    assert one["spec"]["containers"] is other["spec"]["containers"]
    assert one["metadata"]["labels"] is other["metadata"]["labels"]
    third = lean(pod("c", containers=[{**pod("c")["spec"]["containers"][0], "volumeMounts": [{"name": "token-c"}]}]))
    assert third["spec"]["containers"][0]["ports"] is one["spec"]["containers"][0]["ports"]


def test_what_was_kept_once_is_forgotten_by_and_by() -> None:
    def round_of(start: int) -> None:
        for number in range(start, start + 10_000):
            lean(pod(f"p{number}", containers=[{"name": f"c{number}", "image": "x" * 200 + str(number)}]))

    round_of(0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    round_of(10_000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 24 << 20
    long = lean({"metadata": {"name": "a"}, "data": {"a": "x" * 10_000}})
    assert len(long["data"]["a"]) == 10_000
