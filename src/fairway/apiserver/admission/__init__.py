"""The steps that may change or refuse a write, in one visible order."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fairway.apiserver.admission.account_token import account_token
from fairway.apiserver.admission.certificates import certificates
from fairway.apiserver.admission.device_access import device_access
from fairway.apiserver.admission.escalation import escalation
from fairway.apiserver.admission.ingress_class import ingress_class
from fairway.apiserver.admission.limit_range import limit_range_check, limit_range_defaults
from fairway.apiserver.admission.namespace_lifecycle import namespace_lifecycle
from fairway.apiserver.admission.new_events import new_events
from fairway.apiserver.admission.node_restriction import node_restriction
from fairway.apiserver.admission.node_taint import node_taint
from fairway.apiserver.admission.pod_defaults import pod_defaults
from fairway.apiserver.admission.pod_security import pod_security
from fairway.apiserver.admission.priority import priority
from fairway.apiserver.admission.runtime_class import runtime_class
from fairway.apiserver.admission.slips import service_slips, workload_slips
from fairway.apiserver.admission.storage_class import storage_class
from fairway.apiserver.call import Call
from fairway.objects import Object

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Step = Callable[[Call, Object, Object | None, "Api"], None]
"""(call, new, old, api); ``new`` may be changed; warnings go to the call.  Raises: ``StatusError``, mostly 403."""

STEPS: tuple[Step, ...] = (
    namespace_lifecycle,
    limit_range_defaults,
    pod_defaults,
    runtime_class,
    priority,
    account_token,
    node_taint,
    ingress_class,
    storage_class,
    escalation,
    certificates,
)
"""After defaults and before validation: what is filled in."""
CHECKS: tuple[Step, ...] = (node_restriction, device_access, limit_range_check, new_events, pod_security)
"""For a write that is valid: what is refused."""
ADVICE: tuple[Step, ...] = (service_slips, workload_slips)
"""For a write that is valid: warnings only."""


def admit(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Take every step.  Raises: ``StatusError``."""
    for step in STEPS:
        step(call, new, old, api)


def review(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Refuse what is valid and yet not wanted.  Raises: ``StatusError``."""
    for step in CHECKS:
        step(call, new, old, api)


def advise(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Add warnings to the call."""
    for step in ADVICE:
        step(call, new, old, api)
