"""Properties of Services that hold whatever is written in whatever order."""

from copy import deepcopy
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from service_cases import Cluster, service

from fairway.apiserver.allocate import held
from fairway.kinds import SERVICE
from fairway.objects import Object
from fairway.objects.errors import StatusError

SMALL = ("10.0.0.0/28", "fd00::/124")
FEW = range(30000, 30012)

_ports = st.lists(
    st.fixed_dictionaries(
        {"port": st.sampled_from([53, 80, 81])},
        optional={
            "name": st.sampled_from(["a", "b", "c"]),
            "protocol": st.sampled_from(["TCP", "UDP"]),
            "nodePort": st.sampled_from([0, *FEW, 99]),
            "targetPort": st.sampled_from([0, 8080, "http", ""]),
        },
    ),
    max_size=3,
)
_specs = st.fixed_dictionaries(
    {"type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]), "ports": _ports},
    optional={
        "clusterIP": st.sampled_from(["None", "10.0.0.3", "10.0.0.4", "fd00::3", "1.2.3.4", ""]),
        "clusterIPs": st.sampled_from([["10.0.0.3"], ["10.0.0.3", "fd00::3"], []]),
        "ipFamilies": st.lists(st.sampled_from(["IPv4", "IPv6"]), max_size=2),
        "ipFamilyPolicy": st.sampled_from(["SingleStack", "PreferDualStack", "RequireDualStack"]),
        "externalTrafficPolicy": st.sampled_from(["Cluster", "Local"]),
        "healthCheckNodePort": st.sampled_from([0, *FEW]),
        "allocateLoadBalancerNodePorts": st.booleans(),
        "externalName": st.just("a.b"),
        "sessionAffinity": st.sampled_from(["None", "ClientIP"]),
    },
)
_numbers = st.sampled_from([0, 0, 0, *FEW])


@st.composite
def _sensible(draw: st.DrawFn) -> Object:
    """A spec that is mostly in order, so that histories grow long."""
    type_ = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]))
    pairs = draw(
        st.lists(st.sampled_from([(53, "TCP"), (53, "UDP"), (80, "TCP"), (81, "TCP")]), min_size=1, unique=True)
    )
    ports = [{"name": f"{protocol.lower()}-{port}", "port": port, "protocol": protocol} for port, protocol in pairs]
    spec: Object = {"type": type_, "ports": ports}
    if type_ == "ExternalName":
        return spec | {"externalName": "a.b"}
    if type_ != "ClusterIP":
        for port in ports:
            port["nodePort"] = draw(_numbers)
    if type_ == "LoadBalancer":
        spec["externalTrafficPolicy"] = draw(st.sampled_from(["Cluster", "Local"]))
        spec["allocateLoadBalancerNodePorts"] = draw(st.booleans())
    spec["clusterIP"] = draw(
        st.sampled_from(["", "", "", "10.0.0.3", "10.0.0.4", *(["None"] * (type_ == "ClusterIP"))])
    )
    policy = draw(st.sampled_from([None, "SingleStack", "PreferDualStack", "RequireDualStack"]))
    return spec | ({"ipFamilyPolicy": policy} if policy else {})


_any_spec = st.one_of(_sensible(), _sensible(), _specs)
_names = st.sampled_from(["x", "y", "z"])
_whole = st.builds(lambda name, spec: service(name, **spec), _names, _any_spec)
_patch = st.tuples(_names, _any_spec)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _whole),
        st.tuples(st.just("patch"), _patch),
        st.tuples(st.just("delete"), _names),
    ),
    max_size=12,
)


def _apply(cluster: Cluster, action: str, what: Any) -> None:
    if action == "put":
        cluster.put(what)
    elif action == "patch":
        name, spec = what
        if name in cluster.live:
            new = deepcopy(cluster.live[name])
            new["spec"].update(deepcopy(spec))
            cluster.put(new)
    elif what in cluster.live:
        cluster.delete(what)


@settings(max_examples=300, deadline=None)
@given(steps=_steps)
def test_no_two_live_services_ever_share_a_claim(steps: list[tuple[str, Any]]) -> None:
    cluster = Cluster(SMALL, FEW)
    for action, what in steps:
        before = (set(cluster.claims), deepcopy(cluster.live))
        try:
            _apply(cluster, action, what)
        except StatusError:
            assert (cluster.claims, cluster.live) == before, "what was refused changed something"
        owned = [key for live in cluster.live.values() for key in held(live)]
        assert len(owned) == len(set(owned))
        assert set(owned) == cluster.claims


@settings(max_examples=300, deadline=None)
@given(written=_whole)
def test_putting_the_first_manifest_again_is_a_no_op(written: Object) -> None:
    cluster = Cluster(SMALL, FEW)
    try:
        first = deepcopy(cluster.put(written))
    except StatusError:
        return
    # A manifest that names one family and was given a second asks for its release: refused, as upstream does (2.5).
    assume(len(written["spec"].get("ipFamilies") or ()) in (0, len(first["spec"].get("ipFamilies") or ())))
    claims = set(cluster.claims)
    assert cluster.put(written) == first
    assert cluster.claims == claims


@settings(max_examples=300, deadline=None)
@given(written=_whole)
def test_writing_back_what_was_read_is_a_no_op(written: Object) -> None:
    cluster = Cluster(SMALL, FEW)
    try:
        first = deepcopy(cluster.put(written))
    except StatusError:
        return
    assert cluster.put(deepcopy(first)) == first


@settings(max_examples=300, deadline=None)
@given(written=_whole)
def test_defaults_are_idempotent_and_validation_never_fails_on_them(written: Object) -> None:
    SERVICE.defaults(written)
    once = deepcopy(written)
    SERVICE.defaults(written)
    assert written == once
    list(SERVICE.validate(written, None))
    list(SERVICE.warnings(written, None))
