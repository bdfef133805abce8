"""Jobs in the API: what they are given, what they may not say, what of them may change."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import cells, changed, owner, refused

from fairway.kinds import JOB
from fairway.kinds.rules.indexes import lenient, parse_indexes, shown
from fairway.objects import Object
from fairway.reconcile.times import parse_rfc3339

UID = "batch.kubernetes.io/controller-uid"


def job(**spec: Any) -> Object:
    new = owner(**spec)
    new["spec"]["template"]["metadata"] = {}
    new["spec"]["template"]["spec"].setdefault("restartPolicy", "Never")
    return new


def made(new: Object) -> Object:
    new["metadata"] |= {"namespace": "default", "uid": "u1"}
    JOB.defaults(new)
    JOB.prepare(new, None, "")
    return new


def test_it_runs_once_and_selects_its_own_pods() -> None:
    new = made(job())
    spec = new["spec"]
    labels = {"batch.kubernetes.io/job-name": "web", "job-name": "web", UID: "u1", "controller-uid": "u1"}
    assert {name: value for name, value in spec.items() if name != "template"} == {
        "completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed", "selector": {"matchLabels": {UID: "u1"}},
    }  # fmt: skip
    assert spec["template"]["metadata"]["labels"] == labels == new["metadata"]["labels"]
    assert list(JOB.validate(new, None)) == []


def test_a_work_queue_has_no_number_of_completions() -> None:
    assert "completions" not in made(job(parallelism=2))["spec"]
    assert (
        made(job(completionMode="Indexed", completions=3, backoffLimitPerIndex=1))["spec"]["backoffLimit"] == 2**31 - 1
    )
    assert made(job(podFailurePolicy={"rules": []}))["spec"]["podReplacementPolicy"] == "Failed"


RESTART = "spec.template.spec.restartPolicy"
RULES = "spec.podFailurePolicy.rules"


def with_rules(*rules: Object, **spec: Any) -> Object:
    return job(podFailurePolicy={"rules": list(rules)}, **spec)


def with_policy(policy: str) -> Object:
    new = job()
    new["spec"]["template"]["spec"]["restartPolicy"] = policy
    return new


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (with_policy(""), [f'{RESTART}: Required value: valid values: "OnFailure", "Never"']),
        (with_policy("Odd"), [
            f'{RESTART}: Unsupported value: "Odd": supported values: "Always", "OnFailure", "Never"',
            f'{RESTART}: Unsupported value: "Odd": supported values: "OnFailure", "Never"']),
        (job(completions=-1), ["spec.completions: Invalid value: -1: must be greater than or equal to 0"]),
        (job(backoffLimit=-1), ["spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
        (job(completionMode="Odd"), [
            'spec.completionMode: Unsupported value: "Odd": supported values: "Indexed", "NonIndexed"']),
        (job(completionMode="Indexed", parallelism=1), [
            "spec.completions: Required value: when completion mode is Indexed"]),
        (job(completionMode="Indexed", completions=2, parallelism=100001), [
            "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is"
            " Indexed"]),
        (job(backoffLimitPerIndex=1), [
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
        (job(maxFailedIndexes=1), [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode"]),
        (job(podReplacementPolicy="Odd"), [
            'spec.podReplacementPolicy: Unsupported value: "Odd": supported values: "Failed", "TerminatingOrFailed"']),
        (with_rules({"action": "FailJob"}), [
            f"{RULES}[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"]),
        (with_rules({"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [0, 2, 1, 1]}}), [
            f'{RULES}[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
            f"{RULES}[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator",
            f"{RULES}[0].onExitCodes.values[3]: Duplicate value: 1",
            f"{RULES}[0].onExitCodes.values: Invalid value: [0,2,1,1]: must be ordered"]),
        (with_rules({"onPodConditions": [{"type": "DisruptionTarget", "status": "x"}]}), [
            f'{RULES}[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
            f'{RULES}[0].onPodConditions[0].status: Unsupported value: "x": supported values: "False", "True",'
            ' "Unknown"']),
        (job(successPolicy={"rules": [{"succeededCount": 1}]}), [
            'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode']),
        (job(completionMode="Indexed", completions=3, successPolicy={"rules": [
            {}, {"succeededCount": 4}, {"succeededIndexes": "0,5"}, {"succeededIndexes": "0-1", "succeededCount": 3},
        ]}), [
            "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be"
            " specified",
            "spec.successPolicy.rules[1].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number"
            " of specified completions)",
            'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "0,5": error parsing succeededIndexes: too'
            ' large index: "5"',
            "spec.successPolicy.rules[3].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number"
            " of indexes in the specified succeededIndexes field)"]),
        (job(managedBy="me"), [
            'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")']),
        (job(selector={"matchLabels": {"app": "x"}}), [
            'spec.selector: Invalid value: {"matchLabels":{"app":"x","batch.kubernetes.io/controller-uid":"u1"}}:'
            " `selector` not auto-generated",
            'spec.template.metadata.labels: Invalid value: {"job-name":"web","batch.kubernetes.io/job-name":"web",'
            '"controller-uid":"u1","batch.kubernetes.io/controller-uid":"u1"}: `selector` does not match template'
            " `labels`"]),
        (job(manualSelector=True), ["spec.selector: Required value"]),
    ],
)  # fmt: skip
def test_what_is_refused(new: Object, texts: list[str]) -> None:
    new["metadata"]["uid"] = "u1"
    assert refused(JOB, new) == texts


def test_most_of_it_stays() -> None:
    old = made(job())
    new = deepcopy(old)
    new["spec"] |= {"completions": 3, "completionMode": "Indexed"}
    assert changed(JOB, old, new) == [
        "spec.completions: Invalid value: 3: field is immutable",
        'spec.completionMode: Invalid value: "Indexed": field is immutable',
    ]
    new = deepcopy(old)
    new["spec"] |= {"parallelism": 5, "suspend": True, "backoffLimit": 1, "ttlSecondsAfterFinished": 3}
    assert changed(JOB, old, new) == []
    indexed = made(job(completionMode="Indexed", completions=2, parallelism=2))
    new = deepcopy(indexed)
    new["spec"] |= {"completions": 3, "parallelism": 3}
    assert changed(JOB, indexed, new) == []
    new["spec"]["parallelism"] = 2
    assert changed(JOB, indexed, new) == [
        "spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"
    ]


@pytest.mark.parametrize(("started", "count"), [("", 0), ("2026-01-01T00:00:00Z", 1)])
def test_where_it_runs_may_change_while_it_never_ran(started: str, count: int) -> None:
    old = made(job(suspend=True))
    old["status"] = {"startTime": started} if started else {}
    new = deepcopy(old)
    new["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    new["spec"]["template"]["metadata"]["labels"]["more"] = "x"
    assert len(changed(JOB, old, new)) == count
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "v2"
    assert len(changed(JOB, old, new)) == 1


def condition(type_: str) -> Object:
    return {"type": type_, "status": "True"}


def test_what_has_ended_stays_ended() -> None:
    old = made(job())
    old["status"] = {"conditions": [condition("Failed")]}
    new = deepcopy(old)
    new["status"] = {"conditions": [], "succeeded": -1}
    assert changed(JOB, old, new, "status") == [
        "status.succeeded: Invalid value: -1: must be greater than or equal to 0",
        "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
    ]


@pytest.mark.parametrize(
    ("spec", "status", "shown_"),
    [
        ({}, {"startTime": "2026-01-01T00:00:00Z"}, ("Running", "0/1", "10s")),
        ({"parallelism": 3}, {}, ("Running", "0/1 of 3", "")),
        ({"completions": 4}, {
            "succeeded": 4, "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:03Z",
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
        }, ("Complete", "4/4", "3s")),
        ({}, {"conditions": [condition("FailureTarget")]}, ("FailureTarget", "0/1", "")),
        ({}, {"conditions": [condition("FailureTarget"), condition("Failed")]}, ("Failed", "0/1", "")),
        ({}, {"conditions": [condition("Suspended")]}, ("Suspended", "0/1", "")),
    ],
)  # fmt: skip
def test_columns(spec: Object, status: Object, shown_: tuple[str, str, str]) -> None:
    found = made(job(**spec))
    found["status"] = status
    row = cells(JOB, found, parse_rfc3339("2026-01-01T00:00:10Z"))
    assert (row["Status"], row["Completions"], row["Duration"]) == shown_
    assert list(cells(JOB, found, wide=True)) == [
        "Status", "Completions", "Duration", "Age", "Containers", "Images", "Selector",
    ]  # fmt: skip


def test_indexes_as_text() -> None:
    assert shown({0, 1, 3, 4, 5, 9}) == "0,1,3-5,9"
    assert len(lenient("0-2147483646", 2**31 - 1)) == 1_000_000
    assert lenient("0,1,3-5,9", 5) == {0, 1, 3, 4}
    assert lenient(f"0,²,{'9' * 5000},-1,2-{'9' * 18}", 4) == {0, 2, 3}
    assert parse_indexes("0,2-4", 5) == [(0, 0), (2, 4)]
    for text in ("1,0", "1-1", "a", "1-2-3", "-1", "1,"):
        with pytest.raises(ValueError, match=r"order|convert|interval"):
            parse_indexes(text, 5)


def test_the_field_selector_counts_successes() -> None:
    found = made(job())
    assert JOB.fields["status.successful"](found) == "0"
    found["status"]["succeeded"] = 2
    assert JOB.fields["status.successful"](found) == "2"
