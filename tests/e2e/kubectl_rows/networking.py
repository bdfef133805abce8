"""Ingresses, their classes and network policies, which are kept for others to serve."""

from .step import row, types

_CLASS = (
    "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: $ns}\n"
    "spec: {controller: example.com/ic, parameters: {apiGroup: example.com, kind: Parameters, name: x}}\n"
)
_POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {matchLabels: {role: db}}
  ingress: [{from: [{ipBlock: {cidr: 172.17.0.0/16, except: [172.17.1.0/24]}}], ports: [{port: 6379, endPort: 6380}]}]
"""

NETWORKING = (
    row("an ingress from create to delete",
        types("create ingress simple --class=nginx --rule=foo.com/bar=svc1:8080,tls=cert --default-backend=other:http",
              "=ingress.networking.k8s.io/simple created"),
        types("get ing", "~^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE$", "~^simple +nginx +foo.com +80, 443 +[0-9]s$"),
        types("describe ingress simple", "~^Ingress Class: +nginx$", "cert terminates foo.com", "/bar   svc1:8080"),
        types("get ing simple -o jsonpath={.spec.rules[0].http.paths[0].pathType}", "=Exact"),
        types("patch ing simple --subresource=status --type=merge -p "
              """'{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}}'""", "patched"),
        types("get ing simple", "~^simple +nginx +foo.com +192.0.2.7 +80, 443 +[0-9]s$"),
        types("create ingress bad --rule=1.2.3.4/*=svc1:80", "must be a DNS name, not an IP address", code=1),
        types("delete ing simple", 'ingress.networking.k8s.io "simple" deleted'), since=24),
    row("classes and policies",
        types("apply -f -", "=ingressclass.networking.k8s.io/$ns created", given=_CLASS),
        types("get ingressclass $ns", "~^$ns +example.com/ic +Parameters.example.com/x +[0-9]s$"),
        types("delete ingressclass $ns", "deleted"),
        types("create -f -", "=networkpolicy.networking.k8s.io/db created", given=_POLICY),
        types("get netpol", "~^NAME +POD-SELECTOR +AGE$", "~^db +role=db +[0-9]s$"),
        types("describe netpol db", "To Port Range: 6379-6380/TCP", "Except: 172.17.1.0/24", "Policy Types: Ingress"),
        types("explain networkpolicy.spec.policyTypes", "policyTypes"), since=31),
)  # fmt: skip
