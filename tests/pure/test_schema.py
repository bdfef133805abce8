"""The schema table: what it says of the built-in kinds."""

import pytest

from fairway.objects import schema


def service_ports() -> schema.Type:
    service = schema.definition_of("v1", "Service")
    assert service is not None
    assert service.fields is not None
    spec = schema.definition(service.fields["spec"].place)
    assert spec.fields is not None
    return spec.fields["ports"]


def test_the_table_is_of_the_version_that_is_served() -> None:
    assert schema.version().startswith("1.36.")


def test_a_list_knows_how_it_is_merged() -> None:
    ports = service_ports()
    assert ports.form == schema.LIST
    assert ports.list_type == "map"
    assert ports.list_map_keys == ("port", "protocol")
    assert ports.patch_merge_key == "port"
    assert ports.patch_strategies == ("merge",)


def test_a_definition_knows_its_name_and_what_is_required() -> None:
    item = service_ports().item
    assert item is not None
    port = schema.definition(item.place)
    assert (port.name, port.short_name) == ("io.k8s.api.core.v1.ServicePort", "ServicePort")
    assert port.required == ("port",)
    assert port.fields is not None
    assert port.fields["port"].form == schema.INT32


def test_amounts_and_times_are_types_of_their_own() -> None:
    quantity = schema.definition(schema.place_named("io.k8s.apimachinery.pkg.api.resource.Quantity"))
    assert quantity.type == schema.Type(schema.QUANTITY)
    either = schema.definition(schema.place_named("io.k8s.apimachinery.pkg.util.intstr.IntOrString"))
    assert either.type == schema.Type(schema.INT_OR_STRING)


@pytest.mark.parametrize("api_version", ["apps/v1", "apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"])
def test_old_group_versions_share_the_fields_of_apps_v1(api_version: str) -> None:
    found = schema.definition_of(api_version, "ReplicaSet")
    assert found is not None
    assert found.name == "io.k8s.api.apps.v1.ReplicaSet"


def test_an_unknown_kind_has_no_definition() -> None:
    assert schema.definition_of("v1", "Gizmo") is None


def test_the_closure_of_a_kind_holds_all_that_it_refers_to() -> None:
    place = schema.place_of("v1", "Service")
    assert place is not None
    names = {schema.definition(found).short_name for found in schema.closure({place})}
    assert {"Service", "ServiceSpec", "ServicePort", "IntOrString", "ObjectMeta", "Time", "OwnerReference"} <= names
    assert "PodSpec" not in names
