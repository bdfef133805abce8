"""Nodes and certificates: which pods a node takes, and what is signed.  The nodes are made for it: none runs a pod."""

from .row import reads, writes

_NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: $ns, labels: {mine: $ns}}\nspec: {unschedulable: true}\n"
_REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIR01HNENBUUF3RERFS01BZ0dBMVVFQXd3Qll6QlpNQk1HQnlx"
    "R1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCRjd0YXJ3eUtqaU5MY2NyUFpCMWxkN0ZONUlLWXNoSVhiMTA3UnRPampGdWpmV20w"
    "L1BuNmMwZjNuY0UwOFRKCklLaXZsV2k2czBVY0lBdFp1d2YvaDRhZ0FEQUtCZ2dxaGtqT1BRUURBZ05JQURCRkFpRUErNG5tQ2dw"
    "YU1zV2MKcm5iVHBMNXlNUkFEVmUrQzhqMU1LMmZMc1JiZEZOMENJQXM2UnQ1L1JMTTUwbzZiSkVsT3ZzUEQ3UVNxb2RvVQp2YUI1"
    "Zk1KL1hDTE0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=="
)
"""For CN=c, with a key of P-256 that nobody has."""
_CSR = (
    "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: $ns}\n"
    f"spec: {{signerName: example.com/mine, usages: [client auth], request: {_REQUEST}}}\n"
)

_TAINTS = """jsonpath='{.spec.taints[?(@.key=="a")]}{.spec.taints[?(@.key=="b")]}'"""
"""Those that the row puts there: a controller has its own on a node that is silent."""
_ALL = "drain -l kubernetes.io/os=linux"

ROWS = (
    reads(
        "what would leave a node",
        f"{_ALL} --dry-run=client --pod-selector=app=kubia", f"{_ALL} --dry-run=client --pod-selector=app=two",
        f"{_ALL} --dry-run=client --pod-selector=app=two --force", f"{_ALL} --dry-run=client --pod-selector=app=none",
    ),
    writes(
        "cordon, uncordon and drain",
        "cordon", "uncordon", "drain", "cordon nope", "cordon a -l x=y", "drain a -l x=y", "drain nope",
        ("create -f -", _NODE), "cordon $ns", "uncordon $ns", "uncordon $ns", "cordon node/$ns --dry-run=client",
        "cordon $ns --dry-run=server", "cordon -l mine=$ns", "cordon $ns $ns", "uncordon -l mine=none",
        "uncordon $ns nope", "drain $ns", "drain $ns --dry-run=client", "drain $ns --dry-run=server --force",
        "uncordon $ns", "drain -l mine=$ns --grace-period=1 --timeout=5s", "cordon pods/x",
        "get node $ns -o jsonpath={.spec.unschedulable}", "delete node $ns",
    ),
    writes(
        "taint",
        "taint", "taint nodes", "taint nodes a", "taint nodes a b", "taint nodes a b=c", "taint nodes a b=c:No",
        "taint pods a b=c:NoSchedule", "taint nodes a b:NoSchedule b:NoSchedule", "taint nodes a b=c:NoSchedule x",
        "taint node a 'b b=c:NoSchedule'", "taint node a 'b=c c:NoSchedule'", "taint node a b:c:d",
        "taint node a b=c=d:NoSchedule", "taint node b:NoSchedule", "taint node --all -l a=b b:NoSchedule",
        "taint node a b=c:NoSchedule b-", "taint node nope b=c:NoSchedule",
        ("create -f -", _NODE), "taint node $ns a=b:NoSchedule", "taint node $ns a=b:NoSchedule",
        "taint node $ns a=c:NoSchedule --overwrite", "taint nodes $ns a:PreferNoSchedule b=x:NoExecute",
        "taint node $ns zz-", "taint node $ns a:NoExecute-", "taint node $ns a:NoSchedule- c:NoSchedule",
        "taint node -l mine=$ns d:NoSchedule --dry-run=client", "taint node $ns d:NoSchedule --dry-run=server",
        "taint node $ns e=f:NoSchedule -o name", f"get node $ns -o {_TAINTS}", "taint node $ns a- b-",
        f"get node $ns -o {_TAINTS}", "delete node $ns",
    ),
    writes(
        "certificates",
        "certificate approve", "certificate deny", "certificate approve nope", "certificate approve a/b",
        ("create -f -", _CSR), "certificate approve $ns", "certificate approve $ns", "certificate deny $ns",
        "certificate approve csr/$ns --force", "get csr $ns -o jsonpath={.status.conditions[*].type}",
        "get csr $ns -o jsonpath={.status.conditions[*].message}", "delete csr $ns",
        ("create -f -", _CSR), ("certificate deny -f -", _CSR), "certificate approve $ns nope",
        "certificate deny $ns -o name", "delete csr $ns",
    ),
)  # fmt: skip
