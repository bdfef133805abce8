"""Describe, events and explain on real objects; ``tests/component`` compares them for objects in any state."""

from .row import reads, until, writes

SERVICES = """
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: lb, labels: {b: "2", a: "1"}, annotations: {long: LONG, lines: "one\\ntwo"}}
  spec:
    type: LoadBalancer
    allocateLoadBalancerNodePorts: false
    loadBalancerSourceRanges: [10.0.0.0/8]
    sessionAffinity: ClientIP
    externalIPs: [192.0.2.7]
    trafficDistribution: PreferClose
    selector: {app: none}
    ports: [{name: dns, port: 53, protocol: UDP}, {name: web, port: 80, targetPort: http, appProtocol: http}]
- apiVersion: v1
  kind: Service
  metadata: {name: headless}
  spec: {clusterIP: None, selector: {app: none}, publishNotReadyAddresses: true}
- apiVersion: v1
  kind: Service
  metadata: {name: outside}
  spec: {type: ExternalName, externalName: example.com}
- apiVersion: v1
  kind: Service
  metadata: {name: written}
  spec: {ports: [{port: 80, targetPort: 8080}], internalTrafficPolicy: Local}
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata: {name: written-1, labels: {kubernetes.io/service-name: written}}
  addressType: IPv4
  ports: [{name: "", port: 8080}]
  endpoints:
  - {addresses: [192.0.2.1], conditions: {ready: true}, hostname: one, zone: east}
  - {addresses: [192.0.2.2], conditions: {ready: false}}
  - {addresses: [192.0.2.3]}
  - {addresses: [192.0.2.4]}
  - {addresses: [192.0.2.5]}
- apiVersion: v1
  kind: Endpoints
  metadata: {name: bare}
  subsets: [{addresses: [{ip: 192.0.2.1}], notReadyAddresses: [{ip: 192.0.2.2}], ports: [{port: 80, name: x}]}]
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata: {name: shop}
  spec:
    ingressClassName: nobody
    defaultBackend: {service: {name: written, port: {number: 80}}}
    tls: [{hosts: [a.example.com], secretName: keys}]
    rules:
    - host: a.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: lb, port: {name: web}}}}]}
    - http: {paths: [{path: /x, pathType: Exact, backend: {service: {name: gone, port: {number: 1}}}}]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: shut}
  spec: {podSelector: {matchLabels: {a: b}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]}
- apiVersion: v1
  kind: Secret
  metadata: {name: keys}
  stringData: {a: value}
- apiVersion: apps/v1
  kind: DaemonSet
  metadata: {name: nowhere}
  spec:
    selector: {matchLabels: {app: nowhere}}
    template:
      metadata: {labels: {app: nowhere}}
      spec: {nodeSelector: {no: such}, containers: [{name: c, image: luksa/kubia, resources: {limits: {cpu: "0.5"}}}]}
""".replace("LONG", "x" * 160)

ROWS = (
    reads(
        "describe what others made", "describe svc", "describe svc web", "describe svc/web svc/outside",
        "describe services,endpoints web", "describe ep", "describe endpointslices", "describe pods",
        "describe pod kubia", "describe po two", "describe pod done", "describe rs", "describe rs kubia",
        "describe deploy", "describe cm kube-root-ca.crt", "describe sa", "describe secrets",
        "describe nodes --show-events=false", "describe ns $ns", "describe pods -l app=kubia",
        "describe pods -l app=none", "describe pods --show-events=false", "describe events", "describe ds,rc",
        "describe ingressclasses", "describe leases -A", "describe controllerrevisions",
        "describe svc,rs,deploy --chunk-size=1",
    ),
    reads(
        "describe in a wrong way", "describe", "describe nosuch", "describe nosuch x", "describe svc nosuch",
        "describe svc web nosuch", "describe svc/web pod/no", "describe svc,deploy web", "describe svc/web/x",
        "describe svc web -A", "describe svc -l 'a in b'", "describe svc/web -l a=b",
        "describe svc --show-events=perhaps", "describe -f nosuch.yaml", "describe svc --bogus", "describe svc/",
        "describe svc web --chunk-size=x", "describe svc/web pods",
    ),
    writes(
        "describe Services of all types, and what stands around them", ("create -f -", SERVICES),
        until("get endpointslice -l kubernetes.io/service-name=lb -o name"),
        "describe svc lb headless outside written", "describe ep bare", "describe endpointslice written-1",
        "describe ing shop --show-events=false", "describe netpol shut", "describe secret keys", "describe ds nowhere",
        ("describe -f -", SERVICES), "describe svc l", "describe svc h --show-events=false",
    ),
    reads(
        "events", "events", "events --types=Warning", "events --types=normal,Warning", "events --types=loud",
        "events --for rs/kubia", "events --for pod/done", "events --for pod/nosuch", "events --for rs",
        "events --for rs/kubia/x", "events --for nosuch/x", "events --no-headers", "events -o json --for rs/kubia",
        "events -o yaml --for rs/kubia", "events -o name", "events -o wide", "events --chunk-size=2 --for pod/two",
    ),
    reads(
        "explain", "explain", "explain svc", "explain svc.spec", "explain svc.spec.ports", "explain svc.spec.type",
        "explain service.spec.ports.port", "explain pods --recursive", "explain deploy.spec.strategy --recursive",
        "explain rs --api-version=apps/v1beta2", "explain svc --api-version=v2", "explain svc --api-version=apps/v1",
        "explain svc --api-version=a/b/c", "explain svc.nope", "explain svc.spec.nope.x", "explain nosuch",
        "explain svc pods", "explain svc -o html", "explain ingresses.networking.k8s.io.spec.rules",
        "explain endpointslices.endpoints.conditions", "explain svc..spec", "explain events",
        "explain nodes.status.capacity", "explain cm.data --recursive",
        "explain svc -o plaintext-openapiv2", "explain svc.spec.ports -o plaintext-openapiv2",
        "explain deploy --recursive -o plaintext-openapiv2", "explain svc.spec.type -o plaintext-openapiv2",
        "explain svc.spec.selector -o plaintext-openapiv2", "explain svc.nope -o plaintext-openapiv2",
    ),
)  # fmt: skip
