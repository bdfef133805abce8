"""Services: what is said of Services, what is behind them, and the ways in.

Source: Kubernetes docs, "Service", "EndpointSlices", "Ingress", "Network Policies", "Virtual IPs and Service Proxies".
"""

from fairway.apiserver.openapi.descriptions.meta import CONDITION
from fairway.apiserver.openapi.descriptions.text import Texts

_APP_PROTOCOL = (
    "The protocol spoken above TCP or UDP, as a hint: an IANA service name, kubernetes.io/h2c, kubernetes.io/ws, "
    "kubernetes.io/wss, or a name of one's own with a domain."
)
_PORT_STATUS = {
    "error": "What is wrong with the port, in CamelCase; empty if nothing is.",
    "port": "The number of the port.",
    "protocol": "TCP, UDP or SCTP.",
}

SERVICES: Texts = {
    "core.v1.Service": (
        "One stable address and name for a set of pods that comes and goes. The selector says which pods; the "
        "ports say where clients call and where the pods listen.", {
            "spec": "How the Service is reached, and which pods answer.",
            "status": "Where its load balancer is reached, and what else is known. Written by the system.",
        }),
    "core.v1.ServiceSpec": ("How a Service is reached and which pods answer.", {
        "allocateLoadBalancerNodePorts": "Whether ports of type LoadBalancer get node ports too. Default true. Only "
                                         "for "
                                         "type LoadBalancer.",
        "clusterIP": 'The address inside the cluster. Left out: one is chosen. "None": no address, names lead to the '
                     "pods themselves. It cannot be changed once set, unless the type becomes ExternalName.",
        "clusterIPs": "The addresses of both families, at most one of each, in the order of ipFamilies; the first one "
                      "is clusterIP.",
        "externalIPs": "Addresses from outside that lead to a node and are answered by this Service too. Whoever sets "
                       "them sees to it that they lead there.",
        "externalName": "The DNS name that a Service of type ExternalName stands for: its own name answers with a "
                        "CNAME.",
        "externalTrafficPolicy": "Cluster: calls from outside reach every pod, from a node's address. Local: only pods "
                                 "of the node that was called, and the client's address is kept. Default Cluster.",
        "healthCheckNodePort": "Where load balancers ask whether a node has pods of a Service with policy Local. Left "
                               "out: chosen. Only for type LoadBalancer with externalTrafficPolicy Local.",
        "internalTrafficPolicy": "Cluster: calls from inside reach every pod. Local: only those of the caller's node; "
                                 "where it has none, the call fails. Default Cluster.",
        "ipFamilies": "IPv4, IPv6 or both, in order of preference. Left out: chosen by ipFamilyPolicy and by what the "
                      "cluster has. The first one cannot be changed.",
        "ipFamilyPolicy": "SingleStack: one address. PreferDualStack: one of each family that the cluster has. "
                          "RequireDualStack: one of each, or none at all. Default SingleStack.",
        "loadBalancerClass": "Which implementation of load balancers shall serve this Service, as domain/name. Left "
                             "out: "
                             "the cluster's default one. It cannot be changed.",
        "loadBalancerIP": "The address asked of the load balancer. Deprecated; not every implementation heeds it.",
        "loadBalancerSourceRanges": "The client networks that a load balancer lets through, as CIDRs. Default "
                                    "everyone.",
        "ports": "The ports of the Service. Several ports need names.",
        "publishNotReadyAddresses": "Whether pods that are not ready are published too, in endpoints and in DNS.",
        "selector": "Labels that a pod must have to answer for this Service. Without it, its endpoints are written by "
                    "hand.",
        "sessionAffinity": "None: each connection goes to any pod. ClientIP: all those of a client go to the same one. "
                           "Default None.",
        "sessionAffinityConfig": "How long a client stays with its pod.",
        "trafficDistribution": "Which endpoints are preferred. PreferSameZone: those of the client's zone. "
                               "PreferSameNode: those of its node. PreferClose: the older name of PreferSameZone.",
        "type": "ClusterIP: reached inside the cluster. NodePort: also at a port of every node. LoadBalancer: also at "
                "an address outside. ExternalName: a name for a name elsewhere. Default ClusterIP.",
    }),
    "core.v1.ServicePort": ("One port of a Service: where clients call, and where the pods listen.", {
        "appProtocol": _APP_PROTOCOL,
        "name": "The port's name within the Service; needed where there are several. Ingresses and EndpointSlices use "
                "it.",
        "nodePort": "The port of every node that leads here, for types NodePort and LoadBalancer. Left out: chosen.",
        "port": "The port that clients call.",
        "protocol": "TCP, UDP or SCTP. Default TCP.",
        "targetPort": "The port of the pods: a number, or the name of a container's port. Default: the same as port.",
    }),
    "core.v1.SessionAffinityConfig": ("How session affinity works.", {"clientIP": "Settings of affinity by client."}),
    "core.v1.ClientIPConfig": ("How affinity by the client's address works.", {
        "timeoutSeconds": "How long a client stays with its pod after its last connection: 1 to 86400, default 10800, "
                          "which is 3 hours."}),
    "core.v1.ServiceStatus": ("What is known of a Service.", {
        "conditions": "States of the Service.", "loadBalancer": "Where the load balancer is reached."}),
    "core.v1.LoadBalancerStatus": ("Where a load balancer is reached.", {
        "ingress": "Its addresses or names. Clients outside call one of these."}),
    "core.v1.LoadBalancerIngress": ("One address or name of a load balancer.", {
        "hostname": "A DNS name, for load balancers that are known by name.",
        "ip": "An address, for load balancers that are known by address.",
        "ipMode": "VIP: calls keep this address as their destination, so that nodes may answer it themselves. Proxy: "
                  "they "
                  "do not, and calls from inside go out to the load balancer. Default VIP.",
        "ports": "What is known of each port of the Service.",
    }),
    "core.v1.PortStatus": ("What is known of one port of a load balancer.", _PORT_STATUS),
    "core.v1.Endpoints": (
        "The addresses behind a Service in the older form, under the Service's name. EndpointSlices are the newer one: "
        "new programs read those.",
        {"subsets": "Groups of addresses that offer the same ports."}),
    "core.v1.EndpointSubset": ("Addresses that offer the same ports.", {
        "addresses": "Those that are ready.", "notReadyAddresses": "Those that are not ready yet or no longer.",
        "ports": "The ports that each of them offers."}),
    "core.v1.EndpointAddress": ("One address that can answer.", {
        "hostname": "Its name within the Service, for DNS.",
        "ip": "The address. It may be neither of loopback, link-local nor multicast.",
        "nodeName": "The node it is on.", "targetRef": "The pod, or other object, that it belongs to.",
    }),
    "core.v1.EndpointPort": ("One port that addresses offer.", {
        "appProtocol": _APP_PROTOCOL, "name": "The name of the Service's port; needed where there are several.",
        "port": "The number.", "protocol": "TCP, UDP or SCTP. Default TCP.",
    }),
    "discovery.v1.EndpointSlice": (
        "A part of the addresses behind a Service, with the ports they all offer. The label kubernetes.io/service-name "
        "names the Service; all its slices together are what is behind it.", {
            "addressType": "IPv4, IPv6 or FQDN (deprecated). It cannot be changed.",
            "endpoints": "The addresses, at most 1000.",
            "ports": "The ports that every endpoint of this slice offers, at most 100.",
        }),
    "discovery.v1.Endpoint": ("One address that can answer, and its state.", {
        "addresses": "The address; the list may hold 100, and has exactly one in practice.",
        "conditions": "Whether it is ready, serving and terminating.",
        "deprecatedTopology": "What was told of its place in version v1beta1. It cannot be written; see nodeName and "
                              "zone.",
        "hints": "The zones and nodes that should prefer it.",
        "hostname": "Its name within the Service, for DNS.",
        "nodeName": "The node it is on.", "targetRef": "The pod, or other object, that it belongs to.",
        "zone": "The zone it is in.",
    }),
    "discovery.v1.EndpointConditions": ("The state of one endpoint. What is left out is unknown.", {
        "ready": "Whether new connections should go there: it serves and is not on its way out, or its Service "
                 "publishes "
                 "it whatever its state. Unknown counts as true.",
        "serving": "Whether it answers, even if it is on its way out: for a pod, whether it is Ready. Unknown counts "
                   "as "
                   "ready.",
        "terminating": "Whether it is on its way out. Unknown counts as false.",
    }),
    "discovery.v1.EndpointHints": ("Who should prefer an endpoint. Proxies follow hints if all endpoints have some.", {
        "forNodes": "The nodes whose clients should be sent here, at most 8.",
        "forZones": "The zones whose clients should be sent here, at most 8.",
    }),
    "discovery.v1.ForNode": ("A node whose clients should be sent here.", {"name": "The name of the node."}),
    "discovery.v1.ForZone": ("A zone whose clients should be sent here.", {"name": "The name of the zone."}),
    "discovery.v1.EndpointPort": ("One port that the endpoints of a slice offer.", {
        "appProtocol": _APP_PROTOCOL,
        "name": "The name of the Service's port, unique in the slice. Default empty.",
        "port": "The number that the endpoints listen on. Left out: any.", "protocol": "TCP, UDP or SCTP. Default TCP.",
    }),
    "networking.v1.ServiceCIDR": ("A range that cluster IPs are chosen from.", {
        "spec": "The range.", "status": "Whether addresses are chosen from it."}),
    "networking.v1.ServiceCIDRSpec": ("A range that cluster IPs are chosen from.", {
        "cidrs": "The range, or one of each family, such as 10.96.0.0/16. It cannot be changed."}),
    "networking.v1.ServiceCIDRStatus": ("What is known of a range.", {"conditions": "Ready: addresses are chosen from "
                                                                                    "it."}),
    "networking.v1.IPAddress": ("An address that is taken, and by whom. Its name is the address.", {
        "spec": "Who has it."}),
    "networking.v1.IPAddressSpec": ("Who has an address.", {"parentRef": "The object that has it, mostly a Service."}),
    "networking.v1.ParentReference": ("Names the object that has an address.", {
        "group": "The group of its kind.", "name": "Its name.", "namespace": "Its namespace.",
        "resource": "Its resource, such as services.",
    }),
    "networking.v1.Ingress": (
        "Which HTTP hosts and paths lead to which Services. It works where a controller serves its class; without one "
        "nothing happens.", {
            "spec": "The hosts, paths and certificates.",
            "status": "Where it is reached. Written by the controller of its class.",
        }),
    "networking.v1.IngressSpec": ("The hosts, paths and certificates of an Ingress.", {
        "defaultBackend": "What answers where no rule does. Needed if there are no rules.",
        "ingressClassName": "The class, and so the controller, that serves it. Left out: the default class, if there "
                            "is one.",
        "rules": "What hosts and paths lead to. Where no rule fits, the default backend answers.",
        "tls": "Which Secret holds the certificate of which hosts.",
    }),
    "networking.v1.IngressRule": ("The paths of one host.", {
        "host": "The host name, or *. and a name for all hosts one level below it. Left out: every host.",
        "http": "The paths and what they lead to.",
    }),
    "networking.v1.HTTPIngressRuleValue": ("The paths of a host, and what they lead to.", {
        "paths": "The paths. Of several that fit the longest wins, and Exact before Prefix.",
    }),
    "networking.v1.HTTPIngressPath": ("A path and what it leads to.", {
        "backend": "The Service, or another resource, that answers.", "path": "The path; it begins with a slash.",
        "pathType": "Exact: the whole path is equal. Prefix: its first elements are. ImplementationSpecific: as the "
                    "controller has it.",
    }),
    "networking.v1.IngressBackend": ("What answers: a Service or another resource, not both.", {
        "resource": "An object of another kind in the namespace of the Ingress, such as a storage bucket.",
        "service": "A port of a Service.",
    }),
    "networking.v1.IngressServiceBackend": ("A Service, and which of its ports.", {
        "name": "The Service, in the namespace of the Ingress.", "port": "The port, by name or by number.",
    }),
    "networking.v1.ServiceBackendPort": ("A port of a Service, by name or by number, not both.", {
        "name": "The name of the port.", "number": "The number of the port, as clients of the Service call it.",
    }),
    "networking.v1.IngressTLS": ("The certificate of some hosts.", {
        "hosts": "The hosts that the certificate is for. Left out: whatever the controller finds in it.",
        "secretName": "The Secret of type kubernetes.io/tls with the certificate and its key, in the namespace of the "
                      "Ingress. Left out: as the controller has it.",
    }),
    "networking.v1.IngressStatus": ("What is known of an Ingress.", {
        "loadBalancer": "Where it is reached."}),
    "networking.v1.IngressLoadBalancerStatus": ("Where an Ingress is reached.", {
        "ingress": "The addresses or names at which it answers."}),
    "networking.v1.IngressLoadBalancerIngress": ("One address or name at which an Ingress answers.", {
        "hostname": "A DNS name.", "ip": "An address.", "ports": "What is known of each port.",
    }),
    "networking.v1.IngressPortStatus": ("What is known of one port of an Ingress.", _PORT_STATUS),
    "networking.v1.IngressClass": ("A kind of Ingress and the controller that serves it.", {
        "spec": "The controller, and settings for it."}),
    "networking.v1.IngressClassSpec": ("Who serves a class of Ingresses, and how.", {
        "controller": "The controller, as domain/path. It cannot be changed.",
        "parameters": "An object of the controller's own with further settings.",
    }),
    "networking.v1.NetworkPolicy": (
        "Who may talk to which pods. It is kept for a network plugin that enforces it; Fairway does not.", {
            "spec": "The pods that it is about, and what is allowed."}),
    "networking.v1.NetworkPolicySpec": ("The pods that a policy is about, and what is allowed.", {
        "egress": "Where the pods may connect to.", "ingress": "Who may connect to the pods.",
        "podSelector": "The pods of the namespace that the policy is about; empty: all of them.",
        "policyTypes": "Ingress, Egress or both: what is forbidden unless a rule allows it.",
    }),
    "core.v1.Namespace": ("A space of names: objects of two never clash, and those of one go away together.", {
        "spec": "What must be done before it may disappear.", "status": "Whether it is in use or going away."}),
    "core.v1.NamespaceSpec": ("What must be done before a namespace may disappear.", {
        "finalizers": "Who must have finished first; kubernetes stands for the removal of all that is in it."}),
    "core.v1.NamespaceStatus": ("Whether a namespace is in use or going away.", {
        "conditions": "While it is going away: what is left in it, and what keeps it.",
        "phase": "Active: in use. Terminating: its objects are being removed, and new ones are refused.",
    }),
    "core.v1.NamespaceCondition": ("One thing that a namespace's removal waits for, or does not.", CONDITION),
}  # fmt: skip
