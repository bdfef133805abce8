"""Rollouts: how far they are, what was before, back and on."""

from .row import until, writes

_DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: ro}
spec:
  replicas: 0
  selector: {matchLabels: {app: ro}}
  template:
    metadata: {labels: {app: ro}}
    spec: {containers: [{name: a, image: luksa/kubia, imagePullPolicy: Never}]}
"""


def _image(tag: str) -> str:
    patch = f'{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"a","image":"luksa/kubia:{tag}"}}]}}}}}}}}'
    return f"patch deploy ro -p '{patch}'"


ROWS = (
    writes(
        "rollout",
        "rollout foo", "rollout status", "rollout status deploy", "rollout status deploy nope",
        ("create -f -", _DEPLOYMENT), until("rollout status deploy ro"), "rollout status deploy/ro",
        "rollout status deploy/ro --watch=false", "rollout history deploy ro", "rollout history deploy ro --revision=1",
        "rollout history deploy ro --revision=9", _image("v2"), until("rollout status deploy ro"),
        "rollout status deploy ro --revision=1", "rollout status deploy ro --revision=-1", "rollout history deploy ro",
        "rollout history deploy ro --revision=2 -o yaml", "rollout history deploy",
        "rollout undo deploy ro --dry-run=client", "rollout undo deploy ro --dry-run=server", "rollout undo deploy ro",
        until("rollout status deploy ro"), "rollout undo deploy ro --to-revision=99",
        "rollout undo deploy ro --to-revision=3", "rollout undo deploy ro --to-revision=2",
        until("rollout status deploy ro"), "rollout history deploy ro", "get deploy ro -o yaml",
        "rollout pause deploy ro", "rollout pause deploy ro", "rollout undo deploy ro", "rollout restart deploy ro",
        "rollout resume deploy ro", "rollout resume deploy ro", "rollout restart deploy ro",
        until("rollout status deploy ro"), "rollout restart pod x", "rollout pause ds x",
        "annotate deploy ro kubernetes.io/change-cause='a cause'", "rollout pause deploy ro -o name",
        "rollout resume deploy ro -o name", "rollout undo", "rollout restart deploy -l app=none",
        "create svc clusterip s --tcp=80", "rollout status svc s", "rollout history svc s", "rollout undo svc s",
        "rollout pause svc s", "rollout restart svc s", "rollout resume svc s",
    ),
)  # fmt: skip
