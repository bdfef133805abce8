"""How pages of the documentation become steps."""

import pytest
from doc_page import matches, read

PAGE = """
# Title

<!-- cluster: own -->
<!-- before: kubectl create -f examples/svc.yaml -->

```console
$ kubectl get svc
NAME    TYPE
kubia   ClusterIP   ...

$ kubectl get nothing \\
> --at-all
```

<!-- exit: 3 -->
```sh
# a comment
one   # with a comment
two \\
  --flag 'three
four'
cat <<EOF
five
EOF
for pod in a b; do
  echo $pod
done
```

<!-- file: web.yaml -->
```yaml
kind: Service
```

<!-- not run here: it reboots; run by tests/e2e/test_commands.py -->
```sh
reboot
```

```
kubectl get svc
```

```
a picture of kubectl get
```
"""


def test_a_page_becomes_steps() -> None:
    page = read(PAGE)
    assert page.has_own_cluster
    assert [(step.command, step.expected, step.code, step.file) for step in page.steps] == [
        ("kubectl create -f examples/svc.yaml", None, 0, ""),
        ("kubectl get svc", ("NAME    TYPE", "kubia   ClusterIP   ..."), 0, ""),
        ("kubectl get nothing \\\n--at-all", None, 0, ""),
        ("one   # with a comment", None, 0, ""),
        ("two \\\n  --flag 'three\nfour'", None, 0, ""),
        ("cat <<EOF\nfive\nEOF", None, 0, ""),
        ("for pod in a b; do\n  echo $pod\ndone", None, 3, ""),
        ("kind: Service\n", None, 0, "web.yaml"),
    ]
    assert [reason for _, reason in page.not_run] == ["it reboots; run by tests/e2e/test_commands.py"]
    assert [PAGE.splitlines()[line] for line in page.unmarked] == ["kubectl get svc"]
    assert PAGE.splitlines()[page.steps[1].line - 1] == "$ kubectl get svc"


@pytest.mark.parametrize(
    ("expected", "said", "is_same"),
    [
        (("a b",), "a     b\n", True),
        (("a b",), "a b\nc\n", False),
        (("a ... c",), "a 1 2 3 c\n", True),
        (("a", "...", "z"), "a\nb\nc\nz\n", True),
        (("a", "...", "z"), "a\nz\n", True),
        (("a", "...", "z"), "a\nb\n", False),
        (("a",), "", False),
        (("(x) [y] $",), "(x) [y] $", True),
        (("a", "^C"), "a\nb\nc\n", True),
        (("a", "^C"), "b\n", False),
    ],
)
def test_an_output_is_what_the_page_shows(expected: tuple[str, ...], said: str, is_same: bool) -> None:
    assert matches(expected, said) is is_same
