"""Whether a container that ended runs again: by its rules, by its own policy, by its pod's."""

from typing import Any

import pytest

from fairway.kinds.rules.restarts import should_restart, validate

ON_42 = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
NOT_ON_42 = [{"action": "Restart", "exitCodes": {"operator": "NotIn", "values": [42]}}]


@pytest.mark.parametrize(
    ("container", "pod_policy", "exit_code", "is_wanted"),
    [
        ({}, "Always", 0, True),
        ({}, None, 0, True),
        ({}, "OnFailure", 0, False),
        ({}, "OnFailure", 1, True),
        ({}, "Never", 1, False),
        ({"restartPolicy": "Never"}, "Always", 1, False),
        ({"restartPolicy": "Always"}, "Never", 0, True),
        ({"restartPolicy": "OnFailure"}, "Never", 1, True),
        ({"restartPolicy": "Never", "restartPolicyRules": ON_42}, "Never", 42, True),
        ({"restartPolicy": "Never", "restartPolicyRules": ON_42}, "Always", 1, False),
        ({"restartPolicy": "Never", "restartPolicyRules": NOT_ON_42}, "Never", 1, True),
        ({"restartPolicy": "Never", "restartPolicyRules": NOT_ON_42}, "Never", 42, False),
    ],
)
def test_rules_go_before_the_own_policy_and_that_before_the_pods(
    container: Any, pod_policy: str | None, exit_code: int, is_wanted: bool
) -> None:
    assert should_restart(container, pod_policy, exit_code) is is_wanted


@pytest.mark.parametrize(
    ("container", "text"),
    [
        ({"restartPolicy": "Foo"}, 'c.restartPolicy: Unsupported value: "Foo"'),
        ({"restartPolicyRules": ON_42}, "c.restartPolicy: Required value: must specify restartPolicy when"),
        ({"restartPolicy": "Never", "restartPolicyRules": ON_42 * 21}, "c.restartPolicyRules: Too many: 21"),
        (
            {"restartPolicy": "Never", "restartPolicyRules": [{"action": "Stop", "exitCodes": ON_42[0]["exitCodes"]}]},
            'c.restartPolicyRules[0].action: Unsupported value: "Stop"',
        ),
        (
            {"restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart"}]},
            "c.restartPolicyRules[0].exitCodes: Required value: must be specified",
        ),
        (
            {"restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "Is"}}]},
            'c.restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
        ),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(container: Any, text: str) -> None:
    (problem,) = validate("c", container)
    assert problem.text.startswith(text)


def test_good_rules_are_taken() -> None:
    assert list(validate("c", {"restartPolicy": "Never", "restartPolicyRules": ON_42})) == []
