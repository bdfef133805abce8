"""Which test proves which verb of which kind: read by ``scripts/compatibility``, which writes docs/compatibility.md.

A test is named ``file::test``, files being below ``tests``.
"""

_EVERY = "component/test_every_kind.py::"
_LIFE = f"{_EVERY}test_it_is_created_read_changed_and_deleted_as_watchers_see"
_SUBRESOURCES = "component/test_api_subresources.py::"
_STREAMS = "component/test_api_streams.py::test_an_upgraded_connection_is_joined_byte_for_byte"
_RBAC = "component/test_api_rbac.py::test_reviews_say_who_may_do_what"

VERBS: dict[str, str] = {
    "create": _LIFE,
    "get": _LIFE,
    "list": f"{_EVERY}test_it_is_listed_in_every_form_and_by_selectors",
    "watch": _LIFE,
    "update": _LIFE,
    "patch": _LIFE,
    "apply": f"{_EVERY}test_it_is_applied_and_its_fields_have_an_owner",
    "delete": _LIFE,
    "deletecollection": f"{_EVERY}test_a_collection_of_it_is_deleted_at_once",
    "dry run": f"{_EVERY}test_a_dry_run_answers_and_stores_nothing",
    "table": f"{_EVERY}test_it_is_listed_in_every_form_and_by_selectors",
    "validation": f"{_EVERY}test_unknown_fields_and_wrong_types_are_told",
    "discovery": f"{_EVERY}test_it_is_found_by_discovery_and_described_by_openapi",
    "kubectl": "component/test_every_kind_kubectl.py::test_kubectl_makes_shows_describes_and_deletes_every_kind",
}
"""Of every stored kind alike; the test runs once for each."""

WITHOUT_KUBECTL = frozenset({"Namespace", "ServiceCIDR", "PersistentVolume", "PersistentVolumeClaim"})
"""Going only when a controller lets go of them: the test of kubectl, in which none runs, leaves them out."""

SUBRESOURCES: dict[str, str] = {
    "status": f"{_EVERY}test_its_status_is_written_apart_from_its_spec",
    "scale": "component/test_api_writes.py::test_every_replicated_kind_is_scaled_in_one_form",
    "finalize": "component/test_api_writes.py::test_a_namespace_goes_when_its_finalizer_does",
    "why": "component/test_api_why.py::test_any_client_can_ask_and_gets_a_typed_object",
    "attach": _STREAMS,
    "exec": _STREAMS,
    "portforward": _STREAMS,
    "log": "component/test_api_streams.py::test_a_log_is_passed_on_as_it_comes",
    "proxy": "component/test_api_proxies.py::test_a_request_reaches_the_endpoint_as_the_client_wrote_it",
    "binding": f"{_SUBRESOURCES}test_a_binding_gives_a_pod_its_node",
    "ephemeralcontainers": f"{_SUBRESOURCES}test_an_ephemeral_container_is_added_and_stays",
    "eviction": "e2e/test_workloads.py::test_an_eviction_asks_the_budget",
    "resize": f"{_SUBRESOURCES}test_a_pod_is_resized_by_its_subresource_alone",
    "sockets": "component/test_pod_sockets.py::test_a_look_into_another_namespace_sees_it_and_leaves_us_here",
    "token": "component/test_api_tokens.py::test_a_token_says_who_its_bearer_is",
    "approval": "component/test_certificates.py::test_a_user_gets_a_certificate_that_the_api_server_knows_him_by",
}
"""By name, for all kinds that have it."""

ASKED: dict[str, str] = {
    "Binding": f"{_SUBRESOURCES}test_a_binding_gives_a_pod_its_node",
    "ComponentStatus": f"{_SUBRESOURCES}test_component_statuses_are_made_when_asked_for",
    "TokenReview": "component/test_api_tokens.py::test_a_token_says_who_its_bearer_is",
    "SelfSubjectReview": "component/test_api_tokens.py::test_a_token_says_who_its_bearer_is",
    "SelfSubjectAccessReview": _RBAC,
    "SubjectAccessReview": _RBAC,
    "LocalSubjectAccessReview": _RBAC,
    "SelfSubjectRulesReview": _RBAC,
}
"""Kinds that are asked and answered but never stored."""
