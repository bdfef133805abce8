"""An explanation as text."""

from typing import Any

from fairway.why.text import lines


def explanation(**status: Any) -> dict[str, Any]:
    return {"metadata": {}, "status": {"verdict": "Works", "summary": "svc/a works", **status}}


def test_of_very_many_pods_the_first_are_shown() -> None:
    pods = [{"pod": f"p{number}", "state": "Serving", "text": "ready", "address": "10.0.0.1"} for number in range(20)]
    text = list(lines(explanation(pods=pods)))
    assert text[1] == "  ✓ pod/p0: ready at 10.0.0.1"
    assert text[-1] == "  ✓ and 4 more"
    assert len(text) == 18


def test_a_cause_that_is_a_pod_stands_at_the_pod() -> None:
    cause = {"severity": "Error", "message": "pod/p: it is not ready", "commands": ["kubectl logs p"]}
    pods = [{"pod": "p", "state": "Out", "text": "it is not ready"}]
    assert list(lines(explanation(causes=[cause], pods=pods))) == [
        "svc/a works", "  ✗ pod/p: it is not ready", "    $ kubectl logs p",
    ]  # fmt: skip


def test_cures_and_what_was_not_seen() -> None:
    causes = [
        {"severity": "Error", "field": "spec.a", "message": "x", "cure": "a: b", "commands": ["kubectl patch"]},
        {"severity": "Warning", "message": "y", "cure": "let it be"},
        {"severity": "Note", "message": "z"},
    ]
    text = list(lines(explanation(causes=causes, paths=["80 → 8080"], unseen=["no pods"])))
    assert text[1:] == [
        "  ✗ spec.a: x", "    did you mean  a: b", "    $ kubectl patch", "  ! y", "    cure  let it be", "  · z",
        "  80 → 8080", "  ? no pods",
    ]  # fmt: skip


def test_marks_are_painted_and_nothing_else_changes() -> None:
    plain = explanation(causes=[{"severity": "Error", "message": "x"}])
    painted = list(lines(plain, lambda text, colour: f"<{colour}>{text}</>"))
    assert painted == ["<32>svc/a works</>", "  <31>✗</> x"]
