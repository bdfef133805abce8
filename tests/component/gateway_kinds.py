"""Kinds as Gateway API has them: large schemas, sets and maps, combinations, many rules in CEL."""

from typing import Any

GROUP = "gateway.networking.k8s.io"
_APPROVED = {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/1"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 253}
_SECTION = {
    **_NAME, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}  # fmt: skip
_HOST = {
    **_NAME, "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}  # fmt: skip
_PORT = {"type": "integer", "format": "int32", "minimum": 1, "maximum": 65535}
_GROUP = {
    "type": "string", "maxLength": 253,
    "pattern": r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}  # fmt: skip
_KIND = {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"}
_NAMESPACE = {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}


def _object(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    found = {"type": "object", "properties": properties, **more}
    return {**found, "required": list(required)} if required else found


def _list(items: Any, limit: int, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": limit, **more}


def _rules(*rules: tuple[str, str]) -> dict[str, Any]:
    return {"x-kubernetes-validations": [{"message": message, "rule": rule} for message, rule in rules]}


_CONDITION = _object(
    {
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "message": {"type": "string", "maxLength": 32768},
        "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
        "reason": {**_NAME, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"},
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "type": {"type": "string", "maxLength": 316},
    },
    "lastTransitionTime", "message", "reason", "status", "type",
)  # fmt: skip
_CONDITIONS = _list(
    _CONDITION, 8,
    **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    default=[{
        "lastTransitionTime": "1970-01-01T00:00:00Z", "message": "Waiting for controller", "reason": "Pending",
        "status": "Unknown", "type": "Accepted",
    }],
)  # fmt: skip
_SECRET = _object(
    {
        "group": {**_GROUP, "default": ""},
        "kind": {**_KIND, "default": "Secret"},
        "name": _NAME,
        "namespace": _NAMESPACE,
    },
    "name",
)
_TLS = _object(
    {
        "certificateRefs": _list(_SECRET, 64),
        "mode": {"type": "string", "enum": ["Terminate", "Passthrough"], "default": "Terminate"},
        "options": {
            "type": "object", "maxProperties": 16,
            "additionalProperties": {"type": "string", "minLength": 0, "maxLength": 4096},
        },
    },
    **_rules((
        "certificateRefs or options must be specified when mode is Terminate",
        "self.mode == 'Terminate' ? size(self.certificateRefs) > 0 || size(self.options) > 0 : true",
    )),
)  # fmt: skip
_LISTENER = _object(
    {
        "name": _SECTION, "hostname": _HOST, "port": _PORT, "tls": _TLS,
        "protocol": {"type": "string", "minLength": 1, "maxLength": 255},
        "allowedRoutes": _object(
            {
                "kinds": _list(_object({"group": {**_GROUP, "default": GROUP}, "kind": _KIND}, "kind"), 8),
                "namespaces": _object(
                    {"from": {"type": "string", "enum": ["All", "Selector", "Same"], "default": "Same"}},
                    default={"from": "Same"},
                ),
            },
            default={"namespaces": {"from": "Same"}},
        ),
    },
    "name", "port", "protocol",
)  # fmt: skip
_LISTENERS = _list(
    _LISTENER, 64, minItems=1,
    **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    **_rules(
        ("tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']",
         "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)"),
        ("tls mode must be Terminate for protocol HTTPS",
         "self.all(l, (l.protocol == 'HTTPS' && has(l.tls)) ? (l.tls.mode == '' || l.tls.mode == 'Terminate') : true)"),
        ("hostname must not be specified for protocols ['TCP', 'UDP']",
         "self.all(l, l.protocol in ['TCP', 'UDP']  ? (!has(l.hostname) || l.hostname == '') : true)"),
        ("Listener name must be unique within the Gateway",
         "self.all(l1, self.exists_one(l2, l1.name == l2.name))"),
        ("Combination of port, protocol and hostname must be unique for each listener",
         "self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname) && "
         "has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))"),
    ),
)  # fmt: skip
GATEWAY_SPEC = _object(
    {
        "gatewayClassName": _NAME,
        "listeners": _LISTENERS,
        "addresses": _list(
            _object(
                {"type": {"type": "string", "default": "IPAddress"}, "value": {"type": "string", "maxLength": 253}},
                **{"oneOf": [
                    {"properties": {"type": {"enum": ["IPAddress"]},
                                    "value": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}}},
                    {"properties": {"type": {"not": {"enum": ["IPAddress"]}}}},
                ]},
            ),
            16,
        ),
    },
    "gatewayClassName", "listeners",
)  # fmt: skip

_BACKEND = _object(
    {
        "group": {**_GROUP, "default": ""}, "kind": {**_KIND, "default": "Service"}, "name": _NAME,
        "namespace": _NAMESPACE, "port": _PORT,
        "weight": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 1000000, "default": 1},
    },
    "name",
    **_rules((
        "Must have port for Service reference",
        "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
    )),
)  # fmt: skip
_MATCH_TYPES = {"type": "string", "enum": ["Exact", "RegularExpression"], "default": "Exact"}
_HEADER = _object(
    {
        "name": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$"},
        "type": _MATCH_TYPES, "value": {"type": "string", "minLength": 1, "maxLength": 4096},
    },
    "name", "value",
)  # fmt: skip
_BY_NAME = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
_PATH = _object(
    {
        "type": {"type": "string", "enum": ["Exact", "PathPrefix", "RegularExpression"], "default": "PathPrefix"},
        "value": {"type": "string", "maxLength": 1024, "default": "/"},
    },
    default={"type": "PathPrefix", "value": "/"},
    **_rules(
        ("value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
         "(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true"),
        ("must not contain '//' when type one of ['Exact', 'PathPrefix']",
         "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('//') : true"),
        ("type must be one of ['Exact', 'PathPrefix', 'RegularExpression']",
         "self.type in ['Exact','PathPrefix'] || self.type == 'RegularExpression'"),
        ("must only contain valid characters",
         "(self.type in ['Exact','PathPrefix']) ? "
         "self.value.matches(r\"\"\"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$\"\"\") : true"),
    ),
)  # fmt: skip
_FILTER = _object(
    {
        "type": {"type": "string", "enum": ["RequestHeaderModifier", "RequestRedirect", "URLRewrite"]},
        "requestHeaderModifier": _object(
            {"set": _list(_object({"name": _NAME, "value": _NAME}, "name", "value"), 16, **_BY_NAME),
             "remove": _list({"type": "string"}, 16, **{"x-kubernetes-list-type": "set"})},
        ),
        "requestRedirect": _object(
            {"scheme": {"type": "string", "enum": ["http", "https"]},
             "statusCode": {"type": "integer", "enum": [301, 302], "default": 302}},
        ),
        "urlRewrite": _object({"hostname": _HOST}),
    },
    "type",
    **_rules(
        ("filter.requestHeaderModifier must be nil if the filter.type is not RequestHeaderModifier",
         "!(has(self.requestHeaderModifier) && self.type != 'RequestHeaderModifier')"),
        ("filter.requestRedirect must be specified for RequestRedirect filter.type",
         "!(!has(self.requestRedirect) && self.type == 'RequestRedirect')"),
    ),
)  # fmt: skip
_RULE = _object(
    {
        "name": _SECTION,
        "backendRefs": _list(_BACKEND, 16),
        "filters": _list(
            _FILTER, 16,
            **_rules(
                ("May specify either requestRedirect or urlRewrite, but not both",
                 "!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))"),
                ("RequestHeaderModifier filter cannot be repeated",
                 "self.filter(f, f.type == 'RequestHeaderModifier').size() <= 1"),
            ),
        ),
        "matches": _list(
            _object({
                "path": _PATH, "headers": _list(_HEADER, 16, **_BY_NAME),
                "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "DELETE"]},
            }),
            64, default=[{"path": {"type": "PathPrefix", "value": "/"}}],
        ),
        "timeouts": _object(
            {"request": {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"},
             "backendRequest": {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}},
            **_rules((
                "backendRequest timeout cannot be longer than request timeout",
                "!(has(self.request) && has(self.backendRequest) && duration(self.request) != duration('0s') && "
                "duration(self.backendRequest) > duration(self.request))",
            )),
        ),
    },
    **_rules((
        "RequestRedirect filter must not be used together with backendRefs",
        "(has(self.backendRefs) && size(self.backendRefs) > 0) ? "
        "(!has(self.filters) || self.filters.all(f, !has(f.requestRedirect))): true",
    )),
)  # fmt: skip
_PARENT = _object(
    {
        "group": {**_GROUP, "default": GROUP}, "kind": {**_KIND, "default": "Gateway"}, "name": _NAME,
        "namespace": _NAMESPACE, "port": _PORT, "sectionName": _SECTION,
    },
    "name",
)  # fmt: skip
ROUTE_SPEC = _object({
    "hostnames": _list(_HOST, 16),
    "parentRefs": _list(
        _PARENT, 32,
        **_rules((
            "sectionName must be unique when parentRefs includes 2 or more references to the same parent",
            "self.all(p1, self.exists_one(p2, p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name && "
            "(((!has(p1.sectionName) || p1.sectionName == '') && (!has(p2.sectionName) || p2.sectionName == '')) || "
            "(has(p1.sectionName) && has(p2.sectionName) && p1.sectionName == p2.sectionName))))",
        )),
    ),
    "rules": _list(
        _RULE, 16, default=[{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}],
        **_rules((
            "While 16 rules and 64 matches per rule are allowed, the total number of matches must be less than 128",
            "(self.size() > 0 ? self[0].matches.size() : 0) + (self.size() > 1 ? self[1].matches.size() : 0) <= 128",
        )),
    ),
})  # fmt: skip


def definition(kind: str, plural: str, spec: dict[str, Any], *short: str, columns: Any = None) -> dict[str, Any]:
    """A definition with the versions v1 (stored) and v1beta1."""
    schema = _object({"spec": spec, "status": _object({"conditions": _CONDITIONS}, default={})}, "spec")
    one = {"served": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    one |= {"additionalPrinterColumns": columns} if columns else {}
    names = {"plural": plural, "kind": kind, "shortNames": list(short), "categories": ["gateway-api"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "annotations": _APPROVED},
        "spec": {
            "group": GROUP, "scope": "Namespaced", "names": names,
            "versions": [{"name": "v1", "storage": True, **one}, {"name": "v1beta1", "storage": False, **one}],
        },
    }  # fmt: skip


GATEWAYS = definition("Gateway", "gateways", GATEWAY_SPEC, "gtw", columns=[
    {"name": "Class", "type": "string", "jsonPath": ".spec.gatewayClassName"},
    {"name": "Programmed", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Programmed")].status'},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
])  # fmt: skip
ROUTES = definition("HTTPRoute", "httproutes", ROUTE_SPEC)
