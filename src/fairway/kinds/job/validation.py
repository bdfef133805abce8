"""Rules of a Job's spec, in the order in which upstream reports them."""

from collections.abc import Iterator

from fairway.kinds.job.filling import CONTROLLER_UID, JOB_NAME, OLD_CONTROLLER_UID, OLD_JOB_NAME
from fairway.kinds.job.policies import pod_failure_policy, success_policy
from fairway.kinds.replica_set import parsed
from fairway.kinds.rules.pod_spec import plain_template_problems
from fairway.kinds.rules.values import non_negative
from fairway.objects import Object, names
from fairway.objects.errors import NIL, Problem, invalid_value, not_supported, required, too_long
from fairway.objects.labels import validate_label_selector

MODES = ("Indexed", "NonIndexed")
MAX_PARALLEL, MAX_PARALLEL_OF_MANY, MANY = 100_000, 10_000, 100_000
_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
)  # fmt: skip
_MANAGER_MAX = 63


def identity_problems(job: Object) -> Iterator[Problem]:
    """The selector that was made for the Job, and the labels that it asks for."""
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    uid, name = metadata.get("uid") or "", metadata.get("name") or ""
    wanted = {CONTROLLER_UID: uid, JOB_NAME: name, OLD_CONTROLLER_UID: uid, OLD_JOB_NAME: name}
    for key in (OLD_CONTROLLER_UID, OLD_JOB_NAME, CONTROLLER_UID, JOB_NAME):
        if labels.get(key) != wanted[key]:
            yield invalid_value("spec.template.metadata.labels", labels, f"must be '{wanted[key]}'")
    chosen = parsed(spec["selector"])
    if chosen is None or not chosen.matches(wanted):
        yield invalid_value("spec.selector", spec["selector"], "`selector` not auto-generated")


def name_problems(job: Object) -> Iterator[Problem]:
    """Pods of an indexed Job are named in DNS by their index."""
    spec, name = job["spec"], job["metadata"].get("name") or ""
    if spec["completionMode"] == "Indexed" and (spec.get("completions") or 0) > 0:
        host = f"{name}-{spec['completions'] - 1}"
        if list(names.dns_label(host)):
            yield invalid_value("metadata.name", name, f"will not able to create pod with invalid DNS label: {host}")


def spec_problems(path: str, spec: Object, *, is_template: bool = False) -> Iterator[Problem]:
    """Every broken rule of the spec; that of a CronJob's template has no selector."""
    for name in _COUNTS:
        yield from non_negative(f"{path}.{name}", spec.get(name))
    yield from _failed_indexes(path, spec)
    yield from _manager(path, spec.get("managedBy"))
    yield from _mode(path, spec)
    yield from pod_failure_policy(path, spec)
    yield from success_policy(path, spec)
    yield from _replacement(path, spec)
    yield from plain_template_problems(f"{path}.template", spec["template"])
    yield from _restart_policy(f"{path}.template.spec.restartPolicy", spec)
    if not is_template:
        yield from _selector(path, spec)


def _failed_indexes(path: str, spec: Object) -> Iterator[Problem]:
    most = spec.get("maxFailedIndexes")
    if most is None:
        return
    yield from non_negative(f"{path}.maxFailedIndexes", most)
    if spec.get("backoffLimitPerIndex") is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")


def _manager(path: str, manager: str | None) -> Iterator[Problem]:
    if manager is None:
        return
    here = f"{path}.managedBy"
    domain, slash, rest = manager.partition("/")
    if not manager:
        yield required(here)
    elif not slash or not domain or not rest:
        yield invalid_value(here, manager, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        for message in names.dns_subdomain(domain):
            yield invalid_value(here, domain, message)
    if len(manager) > _MANAGER_MAX:
        yield too_long(here, _MANAGER_MAX)


def _mode(path: str, spec: Object) -> Iterator[Problem]:
    mode = spec["completionMode"]
    if mode not in MODES:
        yield not_supported(f"{path}.completionMode", mode, MODES)
    if mode == "Indexed":
        yield from _indexed(path, spec)
    if mode == "NonIndexed":
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                yield invalid_value(f"{path}.{name}", spec[name], "requires indexed completion mode")


def _indexed(path: str, spec: Object) -> Iterator[Problem]:
    total, parallel, most = spec.get("completions"), spec["parallelism"], spec.get("maxFailedIndexes")
    if total is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if parallel > MAX_PARALLEL:
        text = f"must be less than or equal to {MAX_PARALLEL} when completion mode is Indexed"
        yield invalid_value(f"{path}.parallelism", parallel, text)
    if total is not None and most is not None and most > total:
        yield invalid_value(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions")
    if most is not None and most > MAX_PARALLEL:
        yield invalid_value(f"{path}.maxFailedIndexes", most, f"must be less than or equal to {MAX_PARALLEL}")
    if (total or 0) > MANY and spec.get("backoffLimitPerIndex") is not None:
        yield from _many(path, spec)


def _many(path: str, spec: Object) -> Iterator[Problem]:
    parallel, most = spec["parallelism"], spec.get("maxFailedIndexes")
    limit = f"must be less than or equal to {MAX_PARALLEL_OF_MANY} when completions are above {MANY}"
    if most is None:
        yield required(f"{path}.maxFailedIndexes", f"must be specified when completions is above {MANY}")
    if parallel > MAX_PARALLEL_OF_MANY:
        yield invalid_value(f"{path}.parallelism", parallel, f"{limit} and used with backoff limit per index")
    if most is not None and most > MAX_PARALLEL_OF_MANY:
        yield invalid_value(f"{path}.maxFailedIndexes", most, limit)


def _replacement(path: str, spec: Object) -> Iterator[Problem]:
    policy = spec["podReplacementPolicy"]
    supported = ("Failed", "TerminatingOrFailed") if spec.get("podFailurePolicy") is None else ("Failed",)
    if policy not in supported:
        yield not_supported(f"{path}.podReplacementPolicy", policy, supported)


def _restart_policy(path: str, spec: Object) -> Iterator[Problem]:
    policy = (spec["template"].get("spec") or {}).get("restartPolicy")
    if policy == "Always":
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(path, policy, ("OnFailure", "Never"))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        yield invalid_value(path, policy, 'only "Never" is supported when podFailurePolicy is specified')


def _selector(path: str, spec: Object) -> Iterator[Problem]:
    found = spec.get("selector")
    if found is None:
        yield required(f"{path}.selector")
        return
    yield from validate_label_selector(found, f"{path}.selector")
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    chosen = parsed(found)
    if chosen is not None and not chosen.matches(labels):
        here = f"{path}.template.metadata.labels"
        yield invalid_value(here, labels or NIL, "`selector` does not match template `labels`")
