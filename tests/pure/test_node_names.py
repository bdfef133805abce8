"""What a cluster's things are called in the kernel."""

from hypothesis import given
from hypothesis import strategies as st

from fairway.node import names

LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


def test_names_are_readable_where_they_fit() -> None:
    assert names.gateway_device("demo") == "fairway-demo"
    assert names.masquerade_table("demo") == "fairway-demo-pods"
    assert names.pod_cgroup("demo", "1-2") == "/fairway/demo/pod1-2"
    assert names.pod_alias("demo", "1-2") == "fairway demo pod 1-2"


@given(LABEL, st.uuids())
def test_a_device_name_fits_into_the_kernel(cluster: str, uid: object) -> None:
    assert len(names.gateway_device(cluster)) <= 15
    assert len(names.pod_device(cluster, str(uid))) == 15
    assert names.pod_device(cluster, str(uid)).startswith(names.pod_device_prefix(cluster))


@given(LABEL, LABEL, st.uuids())
def test_clusters_do_not_take_each_other_s_pods(one: str, other: str, uid: object) -> None:
    alias = names.pod_alias(one, str(uid))
    assert names.is_pod_alias(one, alias)
    assert names.is_pod_alias(other, alias) == (one == other)


def test_every_attempt_has_an_id_of_its_own() -> None:
    ids = {names.container_id("c", "u", name, attempt) for name in ("a", "b") for attempt in (0, 1)}
    assert len(ids) == 4
    assert all(len(each) == 64 for each in ids)
