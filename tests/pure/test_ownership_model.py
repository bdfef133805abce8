"""Server-side apply against a model: labels and ports with their owners, in any history of appliers and writers."""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.objects.ownership import applying, shape
from fairway.objects.ownership.field_sets import paths
from fairway.objects.ownership.managers import APPLY, UPDATE, Manager, Managers
from fairway.objects.ownership.tracking import updated

SHAPE = shape.of_kind("v1", "Service")
Fields = dict[tuple[str, ...], Any]
"""What can be owned: a label, or a field of a port, by its place; the port itself is a place without a value."""
APPLIERS = [Manager(name, APPLY, "v1") for name in ("ann", "bob")]
WRITERS = [Manager(name, UPDATE, "v1") for name in ("ann", "kim")]
LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)
PORTS = st.dictionaries(
    st.sampled_from([80, 81]), st.fixed_dictionaries({}, optional={"name": st.sampled_from("xy")}), max_size=2
)
STEPS = st.lists(
    st.tuples(st.sampled_from(APPLIERS + WRITERS), LABELS, PORTS, st.booleans()), min_size=1, max_size=7
)  # fmt: skip


def service(labels: dict[str, str], ports: dict[int, Any]) -> Any:
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    if labels:
        found["metadata"]["labels"] = dict(labels)
    if ports:
        items = [{"port": number, "protocol": "TCP", **rest} for number, rest in ports.items()]
        found["spec"] = {"ports": items}
    return found


def fields_of(labels: dict[str, str], ports: dict[int, Any]) -> Fields:
    found: Fields = {("label", name): value for name, value in labels.items()}
    for number, rest in ports.items():
        found |= {("port", str(number)): None, ("port", str(number), "port"): number}
        found |= {("port", str(number), name): value for name, value in {"protocol": "TCP", **rest}.items()}
    return found


@dataclass
class Model:
    """Who owns what, as the documentation says it."""

    values: Fields = field(default_factory=dict)
    owners: dict[tuple[str, ...], set[Manager]] = field(default_factory=dict)

    def conflicts(self, who: Manager, wanted: Fields) -> set[tuple[str, ...]]:
        """Fields that others own and that would change."""
        return {
            at for at, value in wanted.items()
            if at in self.values and self.values[at] != value and self.owners.get(at, set()) - {who}
        }  # fmt: skip

    def apply(self, who: Manager, wanted: Fields) -> None:
        """Take what differs, share what is equal, and let go of what is no longer wanted."""
        for at, value in wanted.items():
            same = at in self.values and self.values[at] == value
            self.owners[at] = self.owners.get(at, set()) | {who} if same else {who}
            self.values[at] = value
        for at in [at for at, owners in self.owners.items() if who in owners and at not in wanted]:
            self.owners[at] -= {who}
        for at in [at for at, owners in self.owners.items() if not owners]:
            # An item that nobody owns goes with all that is in it, whoever owns that (seen on kube-apiserver).
            for below in [other for other in self.owners if other[: len(at)] == at]:
                del self.owners[below]
                del self.values[below]

    def write(self, who: Manager, wanted: Fields) -> None:
        """Own what is new or changed; what is gone is nobody's."""
        for at, value in wanted.items():
            if at not in self.values or self.values[at] != value:
                self.owners[at] = {who}
        self.owners = {at: owners for at, owners in self.owners.items() if at in wanted}
        self.values = dict(wanted)


def seen(found: Any) -> Fields:
    labels = found["metadata"].get("labels") or {}
    ports = {
        port["port"]: {name: value for name, value in port.items() if name not in ("port", "protocol")}
        for port in (found.get("spec") or {}).get("ports") or ()
    }
    return fields_of(labels, ports)


def owned(managers: Managers) -> dict[Manager, set[str]]:
    """The labels that each manager owns."""
    found = {
        who: {path[-1].removeprefix("f:") for path in paths(each.fields) if path[:2] == ("f:metadata", "f:labels")}
        for who, each in managers.items()
    }
    return {who: {name for name in names if name in "abc"} for who, names in found.items()}


@settings(max_examples=100)
@given(STEPS)
def test_any_history_of_labels_and_ports_is_the_models(steps: Any) -> None:
    live, managers, model = service({}, {}), {}, Model()
    for number, (who, labels, ports, force) in enumerate(steps):
        wanted, config = fields_of(labels, ports), service(labels, ports)
        before = copy.deepcopy((live, managers))
        if who.operation == UPDATE:
            managers = updated(live, config, managers, who, SHAPE, now=str(number))
            live = config
            model.write(who, wanted)
        elif model.conflicts(who, wanted) and not force:
            with pytest.raises(applying.Conflicts) as caught:
                applying.applied(live, config, managers, who, SHAPE, now=str(number), force=False)
            assert len(caught.value.found) >= len(model.conflicts(who, wanted))
            assert (live, managers) == before
            continue
        else:
            live, managers = applying.applied(live, config, managers, who, SHAPE, now=str(number), force=force)
            model.apply(who, wanted)
        assert seen(live) == {at: model.values[at] for at in seen(live)}
        assert seen(live).keys() >= {at for at, value in model.values.items() if value is not None}
        for manager, names in owned(managers).items():
            assert names == {at[1] for at, owners in model.owners.items() if at[0] == "label" and manager in owners}


@given(LABELS, PORTS, LABELS, PORTS)
def test_who_forces_owns_alone_what_he_changes(a: Any, ports_a: Any, b: Any, ports_b: Any) -> None:
    ann, bob = APPLIERS
    live, managers = applying.applied(service({}, {}), service(a, ports_a), {}, ann, SHAPE, now="1", force=True)
    live, managers = applying.applied(live, service(b, ports_b), managers, bob, SHAPE, now="2", force=True)
    labels = owned(managers)
    for name in {*a, *b}:
        holders = {who for who, names in labels.items() if name in names}
        assert holders == ({bob} if name in b and a.get(name, b[name]) != b[name] else
                           {who for who, given in ((ann, a), (bob, b)) if name in given})  # fmt: skip
    assert live["metadata"].get("labels", {}) == {**a, **b}


@given(LABELS, PORTS)
def test_the_last_owner_takes_its_fields_along(labels: Any, ports: Any) -> None:
    ann, bob = APPLIERS
    live, managers = applying.applied(service({}, {}), service(labels, ports), {}, ann, SHAPE, now="1", force=False)
    live, managers = applying.applied(live, service(labels, ports), managers, bob, SHAPE, now="2", force=False)
    live, managers = applying.applied(live, service({}, {}), managers, ann, SHAPE, now="3", force=False)
    assert seen(live) == fields_of(labels, ports), "bob owns them still"
    live, managers = applying.applied(live, service({}, {}), managers, bob, SHAPE, now="4", force=False)
    assert seen(live) == {} and managers == {}
