"""Running one pod, alone, attended, or with a Service."""

from .row import writes

_DRY = "--dry-run=client -o"
_NEVER = "--image=luksa/kubia --image-pull-policy=Never --restart=Never"

ROWS = (
    writes(
        "run",
        f"run p --image=nginx --port=80 --env=a=b --labels=x=y {_DRY} json",
        f"run p --image=nginx --port=80 --expose --labels=a=b {_DRY} yaml",
        "run p --image=nginx --port=80 --expose --dry-run=server", "run p --image=nginx --expose",
        f"run p --image=nginx {_DRY} yaml -- a b", f"run p --image=nginx --command {_DRY} yaml -- a b",
        "run p --image=nginx --rm", "run p --image=nginx --restart=Foo", "run p --image=Bad", "run p", "run --image=a",
        f"run p --image=nginx --overrides='{{\"spec\":{{\"nodeName\":\"x\"}}}}' {_DRY} json",
        "run p --image=nginx --overrides='{'", "run p --image=nginx --env=a",
        f"run p --image=nginx --env=a= {_DRY} yaml",
        "run p --image=nginx -l a", "run p --image=nginx -t", "run p --image=nginx -it --dry-run=client",
        "run p --image=nginx --image-pull-policy=Foo", "run p --image=nginx --annotations=c",
        f"run p --image=nginx --image-pull-policy=Never --privileged --annotations=a=b {_DRY} yaml",
        "run p --image=nginx --port=x", "run Bad --image=nginx", "run p --image=nginx --pod-running-timeout=0s",
        f"run p {_NEVER} --port=80 --expose --save-config", f"run p {_NEVER}", f"run q {_NEVER} -o name",
        f"run r4 {_NEVER} --attach --command -- sh -c 'sleep 1; echo hello; exit 3'",
        (f"run r6 {_NEVER} -i --rm --command -- cat", "hi\n"),
        (f"run r9 {_NEVER} -i --rm --quiet --command -- cat", "hi\n"), "get svc p -o yaml",
    ),
)  # fmt: skip
