"""Which test proves which verb of which kind: read by ``scripts/compatibility``, which writes docs/compatibility.md.

A test is named ``file::test``, files being below ``tests``.
"""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
_EVERY = "component/test_every_kind.py::"
_EVERY_KUBECTL = "component/test_every_kind_kubectl.py::"
_LIFE = f"{_EVERY}test_it_is_created_read_changed_and_deleted_as_watchers_see"
_SUBRESOURCES = "component/test_api_subresources.py::"
_BELOW = "component/test_every_subresource.py::"
_FORMS = "component/test_every_kind_forms.py::"
_STREAMS = "component/test_api_streams.py::test_each_stream_can_be_asked_for_in_each_way"
_PROXY = "component/test_api_proxies.py::test_every_method_passes_with_its_body"
_RBAC = "component/test_api_rbac.py::test_reviews_say_who_may_do_what"
_METRICS = "component/test_node_usage.py::test_the_api_server_asks_the_nodes_when_somebody_asks_for_metrics"

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
    "delete options": f"{_FORMS}test_it_is_deleted_as_its_options_say",
    "versions": f"{_FORMS}test_every_version_shows_and_changes_the_same_object",
    "protobuf": f"{_FORMS}test_it_is_written_and_read_as_protobuf",
    "table": f"{_EVERY}test_it_is_listed_in_every_form_and_by_selectors",
    "validation": f"{_EVERY}test_unknown_fields_and_wrong_types_are_told",
    "discovery": f"{_EVERY}test_it_is_found_by_discovery_and_described_by_openapi",
    "explain": f"{_EVERY_KUBECTL}test_kubectl_explains_every_kind",
    "kubectl": f"{_EVERY_KUBECTL}test_kubectl_makes_shows_describes_and_deletes_every_kind",
}
"""Of every stored kind alike; the test runs once for each."""

WITHOUT_KUBECTL = frozenset({"Namespace", "ServiceCIDR", "PersistentVolume", "PersistentVolumeClaim"})
"""Going only when a controller lets go of them: the test of kubectl, in which none runs, leaves them out."""

ENDS_BY_ITSELF = frozenset({"Namespace"})
"""Ending takes a controller, even when nothing holds it."""

SUBRESOURCES: dict[str, str] = {
    "status": f"{_BELOW}test_a_status_is_written_by_put_and_every_patch_and_nothing_else_with_it",
    "scale": f"{_BELOW}test_it_is_scaled_in_one_form",
    "finalize": f"{_BELOW}test_a_finalizer_goes_by_its_subresource_alone",
    "why": f"{_BELOW}test_why_it_works_or_not_is_told",
    "attach": _STREAMS,
    "exec": _STREAMS,
    "portforward": _STREAMS,
    "log": "component/test_api_streams.py::test_a_log_is_passed_on_as_it_comes",
    "nodes/proxy": "component/test_api_proxies.py::test_a_node_is_asked_as_the_api_server",
    "pods/proxy": _PROXY,
    "services/proxy": _PROXY,
    "binding": f"{_SUBRESOURCES}test_a_binding_gives_a_pod_its_node",
    "ephemeralcontainers": f"{_BELOW}test_ephemeral_containers_are_read_and_written_by_put_and_patch",
    "eviction": "component/test_api_workloads.py::test_an_eviction_is_granted_once_and_takes_one_from_the_budget",
    "resize": f"{_BELOW}test_a_resize_is_read_and_written_by_put_and_patch",
    "sockets": "component/test_pod_sockets.py::test_a_look_into_another_namespace_sees_it_and_leaves_us_here",
    "token": "component/test_api_tokens.py::test_a_token_says_who_its_bearer_is",
    "approval": f"{_BELOW}test_an_approval_is_written_apart_from_spec_and_status",
}
"""By name, for all kinds that have it; or by the kind's plural and the name, for one."""

ASKED: dict[str, str] = {
    "Binding": f"{_SUBRESOURCES}test_a_binding_gives_a_pod_its_node",
    "ComponentStatus": f"{_SUBRESOURCES}test_component_statuses_are_made_when_asked_for",
    "TokenReview": "component/test_api_tokens.py::test_a_token_says_who_its_bearer_is",
    "SelfSubjectReview": "component/test_api_tokens.py::test_a_token_says_who_its_bearer_is",
    "SelfSubjectAccessReview": _RBAC,
    "SubjectAccessReview": _RBAC,
    "LocalSubjectAccessReview": _RBAC,
    "SelfSubjectRulesReview": _RBAC,
    "NodeMetrics": _METRICS,
    "PodMetrics": _METRICS,
}
"""Kinds that are asked and answered but never stored."""
