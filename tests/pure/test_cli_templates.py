"""Templates of ``-o jsonpath`` and ``-o go-template``: what kubectl 1.32 printed for the same objects.

An expectation that begins with ``!`` is a failure's text.
"""

import pytest

from fairway.cli.printers.go_template import Template as GoTemplate
from fairway.cli.printers.go_template import TemplateError
from fairway.cli.printers.json_path import JsonPathError, relaxed
from fairway.cli.printers.json_path import Template as JsonPath

ONE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "creationTimestamp": "2026-11-26T13:58:44Z",
        "name": "kubia",
        "namespace": "default",
        "resourceVersion": "40",
        "uid": "01d5b877-8e50-41dd-a08f-fbb43be57dae",
    },
    "spec": {
        "clusterIP": "10.100.166.201",
        "clusterIPs": ["10.100.166.201"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "kubia"},
        "sessionAffinity": "None",
        "type": "ClusterIP",
    },
    "status": {"loadBalancer": {}},
}
MANY = {
    "apiVersion": "v1",
    "kind": "List",
    "metadata": {"resourceVersion": ""},
    "items": [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "creationTimestamp": "2026-11-26T13:58:44Z",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
                "name": "kubernetes",
                "namespace": "default",
                "resourceVersion": "7",
                "uid": "9fe8a754-f8a3-4961-b37c-d6abfb527740",
            },
            "spec": {
                "clusterIP": "10.100.0.1",
                "clusterIPs": ["10.100.0.1"],
                "internalTrafficPolicy": "Cluster",
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6445}],
                "sessionAffinity": "None",
                "type": "ClusterIP",
            },
            "status": {"loadBalancer": {}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "creationTimestamp": "2026-11-26T13:58:44Z",
                "name": "kubia",
                "namespace": "default",
                "resourceVersion": "40",
                "uid": "01d5b877-8e50-41dd-a08f-fbb43be57dae",
            },
            "spec": {
                "clusterIP": "10.100.166.201",
                "clusterIPs": ["10.100.166.201"],
                "internalTrafficPolicy": "Cluster",
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}],
                "selector": {"app": "kubia"},
                "sessionAffinity": "None",
                "type": "ClusterIP",
            },
            "status": {"loadBalancer": {}},
        },
    ],
}

JSON_PATHS = [
    ("ONE", "{.spec.clusterIP}", "10.100.166.201"),
    (
        "ONE",
        "{.spec}",
        '{"clusterIP":"10.100.166.201","clusterIPs":["10.100.166.201"],"internalTrafficPolicy":"Cluster","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":80}],"selector":{"app":"kubia"},"sessionAffinity":"None","type":"ClusterIP"}',
    ),
    ("ONE", "{.spec.ports[0].port}", "80"),
    ("ONE", "{.spec.ports[0:1].port}", "80"),
    ("ONE", "{.spec.ports[*].port}", "80"),
    ("ONE", "{.spec.ports[-1].port}", "80"),
    ("ONE", "{.spec.ports[5].port}", "!array index out of bounds: index 5, length 1"),
    ("ONE", "{.spec.ports[0:5].port}", "!array index out of bounds: index 4, length 1"),
    ("ONE", "{.nosuch.x}", ""),
    ("MANY", "{.items[*].metadata.name}", "kubernetes kubia"),
    (
        "MANY",
        '{range .items[*]}{.metadata.name}{"\\t"}{.spec.type}{"\\n"}{end}',
        "kubernetes\tClusterIP\nkubia\tClusterIP\n",
    ),
    (
        "MANY",
        '{range .items[*]}{.metadata.name}{":"}{range .spec.ports[*]}{.port}/{.protocol},{end}{"\\n"}{end}done',
        "kubernetes:443/TCP,\nkubia:80/TCP,\ndone",
    ),
    ("MANY", "{.items[?(@.spec.selector)].metadata.name}", "kubia"),
    ("ONE", "{..port}", "80"),
    ("ONE", "{.spec..port}", "80"),
    ("ONE", "{..ports[0].port}", "80"),
    ("ONE", "{.spec.ports}", '[{"name":"http","port":80,"protocol":"TCP","targetPort":80}]'),
    ("ONE", '{.metadata["name"]}', '!invalid array index "name"'),
    ("ONE", "{.metadata['name']}", "kubia"),
    ("ONE", "{['metadata.name']}", "kubia"),
    ("ONE", "{.metadata.labels.a\\.b}", ""),
    ("ONE", "{.metadata['name','namespace']}", "kubia default"),
    ("MANY", "{.items[0,1].metadata.name}", "kubernetes kubia"),
    ("MANY", "{.items[::2].metadata.name}", "kubernetes"),
    ("MANY", "{.items[0:2:1].metadata.name}", "kubernetes kubia"),
    ("MANY", "{.items[1:0].metadata.name}", "!starting index 1 is greater than ending index 0"),
    ("MANY", "{.items[0:0].metadata.name}", ""),
    ("MANY", "{.items[1:].metadata.name}", "kubia"),
    ("MANY", "{.items[:1].metadata.name}", "kubernetes"),
    ("MANY", "{.items[-2:].metadata.name}", "kubernetes kubia"),
    ("MANY", "{.items[x].metadata.name}", "!invalid array index x"),
    ("MANY", "{.items[*", "!unterminated array"),
    ("MANY", "{.items", "!unclosed action"),
    ("MANY", "{.items[?(@.x", "!unterminated filter"),
    ("MANY", "{.items[?(@.x)", "!unclosed array expect ]"),
    ("MANY", '{"abc', "!unterminated quoted string"),
    ("MANY", "{foo}", "!unrecognized identifier foo"),
    ("MANY", "{end}", "!not in range, nothing to end"),
    ("MANY", "{range .items[*]}{.metadata.name}", "kuberneteskubia"),
    ("MANY", "{range .nosuch[*]}x{end}y", "y"),
    ("MANY", "text", "text"),
    ("MANY", "{$.kind}", "List"),
    ("MANY", "{@.kind}", "List"),
    ("MANY", '{.kind} {.apiVersion}{"\\n"}', "List v1\n"),
    ("ONE", "{.spec.clusterIP[0]}", "!string is not array or slice"),
    ("ONE", "{.spec.clusterIP[*]}", "!string is not array or slice"),
    ("ONE", "{.spec[0]}", "!map[string]interface {} is not array or slice"),
    ("ONE", "{.spec.ports[?(@.port==80)].targetPort}", "80"),
    ("ONE", '{.spec.ports[?(@.port=="80")].targetPort}', "!incompatible types for comparison"),
    ("ONE", "{.spec.ports[?(@.port>79.5)].targetPort}", "!incompatible types for comparison"),
    ("ONE", '{.spec.selector[?(@.app=="x")]}', "!map[app:kubia] is not array or slice and cannot be filtered"),
    ("ONE", "{&}", "!unrecognized character in action: U+0026 '&'"),
    ("ONE", "{.metadata.....name}", "!invalid multiple recursive descent"),
    ("ONE", "{.metadata.name'x'}", ""),
    ("ONE", '{.spec.ports[0].port}{"\\u0041"}{"\\x42"}', "80AB"),
]

GO_TEMPLATES = [
    ("ONE", "{{.spec.clusterIP}}", "10.100.166.201"),
    (
        "ONE",
        "{{.spec}}",
        "map[clusterIP:10.100.166.201 clusterIPs:[10.100.166.201] internalTrafficPolicy:Cluster ipFamilies:[IPv4] "
        "ipFamilyPolicy:SingleStack ports:[map[name:http port:80 protocol:TCP targetPort:80]] "
        "selector:map[app:kubia] sessionAffinity:None type:ClusterIP]",
    ),
    ("ONE", "{{.nosuch}}", "<no value>"),
    ("ONE", "{{.nosuch.x}}", "<no value>"),
    (
        "ONE",
        "{{.metadata.name.x}}",
        '!template: output:1:11: executing "output" at <.metadata.name.x>: can\'t evaluate field x in type '
        "interface {}",
    ),
    ("ONE", "{{.spec.ports}}", "[map[name:http port:80 protocol:TCP targetPort:80]]"),
    ("MANY", "{{range .items}}{{.metadata.name}}:{{end}}", "kubernetes:kubia:"),
    ("MANY", '{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}', "kubernetes\nkubia\n"),
    ("MANY", "{{range $i, $v := .items}}{{$i}}={{$v.metadata.name}} {{end}}", "0=kubernetes 1=kubia "),
    ("MANY", "{{range $i, $v := .items}}{{if $i}}, {{end}}{{$v.metadata.name}}{{end}}", "kubernetes, kubia"),
    ("MANY", "{{range $v := .items}}{{$v.kind}}{{else}}none{{end}}", "ServiceService"),
    ("MANY", "{{range .nosuch}}x{{else}}none{{end}}", "none"),
    ("MANY", "{{len .items}}", "2"),
    ("MANY", "{{len .kind}} {{len .metadata}}", "4 1"),
    (
        "MANY",
        "{{len .nosuch}}",
        '!template: output:1:2: executing "output" at <len .nosuch>: error calling len: reflect: call of '
        "reflect.Value.Type on zero Value",
    ),
    ("MANY", "{{(index .items 0).metadata.name}}", "kubernetes"),
    (
        "MANY",
        "{{index .items 9}}",
        '!template: output:1:2: executing "output" at <index .items 9>: error calling index: index out of range: 9',
    ),
    (
        "MANY",
        '{{index .items "x"}}',
        '!template: output:1:2: executing "output" at <index .items "x">: error calling index: cannot index '
        "slice/array with type string",
    ),
    ("ONE", '{{index .spec.selector "app"}} {{index .spec "clusterIP"}}', "kubia 10.100.166.201"),
    ("ONE", '{{index .spec.selector "nosuch"}}', "<no value>"),
    ("ONE", "{{with .spec.selector}}{{.app}}{{end}}", "kubia"),
    ("ONE", "{{with .nosuch}}a{{else}}b{{end}}", "b"),
    ("ONE", "{{with $x := .spec.selector}}{{$x.app}} {{$.kind}}{{end}}", "kubia Service"),
    ("ONE", "{{if .spec.selector}}yes{{else}}no{{end}}", "yes"),
    ("ONE", "{{if .nosuch}}yes{{else if .spec.type}}type{{else}}no{{end}}", "type"),
    ("ONE", '{{if eq .spec.type "ClusterIP"}}C{{end}}', "C"),
    ("ONE", '{{if and (eq .spec.type "ClusterIP") (ne .kind "Pod")}}C{{end}}', "C"),
    (
        "ONE",
        '{{if or .nosuch .kind}}C{{end}} {{and .kind .spec.type}} {{or .nosuch "d"}} {{not .kind}}',
        "C ClusterIP d false",
    ),
    ("ONE", '{{eq .spec.type "a" "ClusterIP"}}', "true"),
    ("ONE", "{{range .spec.ports}}{{.port}} {{eq .port 80}}{{end}}", "80 true"),
    (
        "ONE",
        "{{range .spec.ports}}{{eq .port 80.0}} {{gt .port 79.5}} {{lt .port 5.0}} {{le .port 80.0}} {{ge .port "
        "80.0}}{{end}}",
        '!template: output:1:23: executing "output" at <eq .port 80.0>: error calling eq: incompatible types for '
        "comparison",
    ),
    ("ONE", '{{printf "%s-%v|%5s|%-5s|%q" .kind .spec.type "a" "b" .kind}}', 'Service-ClusterIP|    a|b    |"Service"'),
    (
        "ONE",
        '{{range .spec.ports}}{{printf "%d %v %.2f %g %s" .port .port .port .port .port}}{{end}}',
        "80 80 %!f(int64=80) %!g(int64=80) %!s(int64=80)",
    ),
    ("ONE", '{{printf "%v" .spec.ports}}', "[map[name:http port:80 protocol:TCP targetPort:80]]"),
    ("ONE", '{{printf "%s"}}', "%!s(MISSING)"),
    ("ONE", '{{printf "%s %s" "a"}}', "a %!s(MISSING)"),
    ("ONE", '{{printf "a" "b"}}', "a%!(EXTRA string=b)"),
    ("ONE", '{{print "a" 1 2 "b"}}|{{println "x" 1}}|{{print .nosuch}}', "a1 2b|x 1\n|<nil>"),
    ("ONE", '{{.kind | printf "%s!"}}', "Service!"),
    ("ONE", "{{.kind | len}}", "7"),
    (
        "ONE",
        '{{"a<b>&c" | html}} {{"its \\"x\\"" | js}} {{"a b&c" | urlquery}}',
        'a&lt;b&gt;&amp;c its \\"x\\" a+b%26c',
    ),
    ("ONE", '{{$x := .kind}}{{$x}}{{$x = "y"}}{{$x}}', "Servicey"),
    ("ONE", "{{$x}}", '!template: output:1: undefined variable "$x"'),
    ("ONE", "{{foo}}", '!template: output:1: function "foo" not defined'),
    ("ONE", "{{.kind", "!template: output:1: unclosed action"),
    ("ONE", "{{if .kind}}x", "!template: output:1: unexpected EOF"),
    ("ONE", "{{end}}", "!template: output:1: unexpected {{end}}"),
    ("ONE", "{{else}}", "!template: output:1: unexpected {{else}}"),
    ("ONE", '{{"abc}}', "!template: output:1: unterminated quoted string"),
    ("ONE", "{{range .items}}x{{end}}y", "y"),
    (
        "ONE",
        "{{range .kind}}x{{end}}y",
        '!template: output:1:8: executing "output" at <.kind>: range can\'t iterate over Service',
    ),
    ("ONE", "a {{- .kind -}} b", "aServiceb"),
    ("ONE", 'a  {{- " x " -}}   b {{/* comment */}}c', "a x b c"),
    ("ONE", '{{define "t"}}<{{.}}>{{end}}{{template "t" .kind}}', "<Service>"),
    (
        "ONE",
        '{{template "nosuch"}}',
        '!template: output:1:11: executing "output" at <{{template "nosuch"}}>: template "nosuch" not defined',
    ),
    ("ONE", '{{block "b" .kind}}[{{.}}]{{end}}', "[Service]"),
    ("ONE", "{{range $k, $v := .spec.selector}}{{$k}}={{$v}}{{end}}", "app=kubia"),
    ("ONE", "{{range $k, $v := .metadata}}{{$k}} {{end}}", "creationTimestamp name namespace resourceVersion uid "),
    (
        "MANY",
        '{{range .items}}{{if eq .metadata.name "kubia"}}{{continue}}{{end}}{{.metadata.name}}{{end}}',
        "kubernetes",
    ),
    ("MANY", "{{range .items}}{{.metadata.name}}{{break}}{{end}}", "kubernetes"),
    ("ONE", "{{break}}", "!template: output:1: {{break}} outside {{range}}"),
    (
        "ONE",
        "{{1}} {{1.5}} {{true}} {{`raw`}} {{nil}}",
        '!template: output:1:35: executing "output" at <nil>: nil is not a command',
    ),
    ("ONE", "{{1}} {{1.5}} {{true}} {{`raw`}} {{1e6}} {{0x10}} {{-3}}", "1 1.5 true raw 1e+06 16 -3"),
    ("ONE", "{{slice .kind 1 3}} {{slice .spec.ports 0 1 | len}}", "er 1"),
    (
        "ONE",
        '{{exists . "spec" "ports"}} {{exists . "spec" "x"}} {{exists . "spec" "ports" 0 "port"}}',
        "true false true",
    ),
    ("ONE", '{{"aGVsbG8=" | base64decode}}', "hello"),
    (
        "ONE",
        "{{.kind.x}}",
        '!template: output:1:7: executing "output" at <.kind.x>: can\'t evaluate field x in type interface {}',
    ),
    (
        "ONE",
        "{{.kind 1}}",
        '!template: output:1:2: executing "output" at <.kind>: kind is not a method but has arguments',
    ),
    (
        "ONE",
        "{{eq 1}}",
        '!template: output:1:2: executing "output" at <eq 1>: error calling eq: missing argument for comparison',
    ),
    (
        "ONE",
        "{{not}}",
        '!template: output:1:2: executing "output" at <not>: wrong number of args for not: want 1 got 0',
    ),
    (
        "ONE",
        "{{eq .spec.ports 1}}",
        '!template: output:1:2: executing "output" at <eq .spec.ports 1>: error calling eq: incompatible types for '
        "comparison",
    ),
    (
        "ONE",
        "{{.}}",
        "map[apiVersion:v1 kind:Service metadata:map[creationTimestamp:2026-11-26T13:58:44Z name:kubia "
        "namespace:default resourceVersion:40 uid:01d5b877-8e50-41dd-a08f-fbb43be57dae] "
        "spec:map[clusterIP:10.100.166.201 clusterIPs:[10.100.166.201] internalTrafficPolicy:Cluster "
        "ipFamilies:[IPv4] ipFamilyPolicy:SingleStack ports:[map[name:http port:80 protocol:TCP targetPort:80]] "
        "selector:map[app:kubia] sessionAffinity:None type:ClusterIP] status:map[loadBalancer:map[]]]",
    ),
    (
        "ONE",
        "{{$.kind}} {{$}}",
        "Service map[apiVersion:v1 kind:Service metadata:map[creationTimestamp:2026-11-26T13:58:44Z name:kubia "
        "namespace:default resourceVersion:40 uid:01d5b877-8e50-41dd-a08f-fbb43be57dae] "
        "spec:map[clusterIP:10.100.166.201 clusterIPs:[10.100.166.201] internalTrafficPolicy:Cluster "
        "ipFamilies:[IPv4] ipFamilyPolicy:SingleStack ports:[map[name:http port:80 protocol:TCP targetPort:80]] "
        "selector:map[app:kubia] sessionAffinity:None type:ClusterIP] status:map[loadBalancer:map[]]]",
    ),
    ("ONE", '{{(.spec).type}} {{(printf "%s" .kind) | len}}', "ClusterIP 7"),
    ("ONE", '{{range .spec.ports}}{{.port}}{{"\\t"}}{{end}}{{"\\n"}}', "80\t\n"),
    ("ONE", "{{range 3}}{{.}}{{end}}", '!template: output:1:8: executing "output" at <3>: range can\'t iterate over 3'),
    ("ONE", "{{.metadata.annotations}} {{.status}} {{.spec.ipFamilies}}", "<no value> map[loadBalancer:map[]] [IPv4]"),
    ("ONE", "{{ .kind }} {{\t.kind\t}}", "Service Service"),
    ("ONE", '{{.kind|printf "%-10s|"}}', "Service   |"),
    ("ONE", '{{if not (eq .kind "Pod")}}n{{end}}', "n"),
    ("ONE", "{{with index .spec.ports 0}}{{.port}}/{{.protocol}}{{end}}", "80/TCP"),
    ("ONE", "{{len (index .spec.ports 0)}}", "4"),
    ("ONE", '{{printf "%T %T %T" .kind .spec .spec.ports}}', "string map[string]interface {} []interface {}"),
    ("ONE", '{{printf "%05d|%+d|%x|%t|%c|%U" 42 42 255 true 65 66}}', "00042|+42|ff|true|A|U+0042"),
    ("ONE", "{{html .spec.selector}}", "map[app:kubia]"),
    (
        "ONE",
        '{{index .nosuch "x"}}',
        '!template: output:1:2: executing "output" at <index .nosuch "x">: error calling index: index of untyped nil',
    ),
    (
        "ONE",
        '{{index .spec "a" "b"}}',
        '!template: output:1:2: executing "output" at <index .spec "a" "b">: error calling index: index of nil pointer',
    ),
    ("ONE", "{{range .items}}{{end}}{{if}}{{end}}", "!template: output:1: missing value for if"),
    ("ONE", "{{}}", "!template: output:1: missing value for command"),
    ("ONE", "{{.kind | }}", "Service"),
    ("ONE", "{{.kind | 1}}", "!template: output:1: non executable command in pipeline stage 2"),
    ("ONE", '{{template "x" }}{{define "x"}}X{{end}}', "X"),
    (
        "ONE",
        "{{with .spec.selector.app.x.y.z.long}}{{end}}",
        '!template: output:1:12: executing "output" at <.spec.selector.app.x.y.z.long>: can\'t evaluate field x in '
        "type interface {}",
    ),
    (
        "ONE",
        "{{index .nosuch 1}}",
        '!template: output:1:2: executing "output" at <index .nosuch 1>: error calling index: index of untyped nil',
    ),
    (
        "ONE",
        "{{$x := .metadata.name}}{{$x.y}}",
        '!template: output:1:28: executing "output" at <$x.y>: can\'t evaluate field y in type string',
    ),
    (
        "ONE",
        "{{(index .spec.ports 0).name.x}}",
        '!template: output:1:21: executing "output" at <0>: can\'t evaluate field x in type interface {}',
    ),
    (
        "ONE",
        "{{range .spec.ports}}{{.port.x}}{{end}}",
        '!template: output:1:28: executing "output" at <.port.x>: can\'t evaluate field x in type interface {}',
    ),
]


@pytest.mark.parametrize(("source", "text", "expected"), JSON_PATHS)
def test_a_json_path(source: str, text: str, expected: str) -> None:
    try:
        said = JsonPath(text).render(MANY if source == "MANY" else ONE)
    except JsonPathError as error:
        said = f"!{error}"
    assert said == expected


@pytest.mark.parametrize(("source", "text", "expected"), GO_TEMPLATES)
def test_a_go_template(source: str, text: str, expected: str) -> None:
    try:
        said = GoTemplate(text).render(MANY if source == "MANY" else ONE)
    except TemplateError as error:
        said = f"!{error}"
    assert said == expected


def test_members_that_are_missing_may_be_failures() -> None:
    with pytest.raises(JsonPathError, match="nosuch is not found"):
        JsonPath("{.nosuch}", allows_missing=False).render(ONE)
    with pytest.raises(TemplateError, match='map has no entry for key "nosuch"'):
        GoTemplate("{{.nosuch}}", allows_missing=False).render(ONE)


@pytest.mark.parametrize("text", ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"])
def test_short_forms(text: str) -> None:
    assert relaxed(text) == "{.metadata.name}"
