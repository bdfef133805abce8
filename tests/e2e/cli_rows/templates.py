"""Templates: the way to them; what they mean is held by ``tests/pure/test_cli_templates.py``."""

from .row import reads

ROWS = (
    reads(
        "jsonpath",
        "get svc -o jsonpath='{range .items[*]}{.metadata.name}{\"\\t\"}{.spec.type}{\"\\n\"}{end}'",
        "get svc web -o jsonpath={.spec.ports}", "get svc web outside -o jsonpath={.items[*].metadata.name}",
        "get pods -l app=none -o jsonpath={.items[0].x}", "get svc web -o jsonpath={.nosuch.x}",
        "get svc web -o jsonpath={.nosuch} --allow-missing-template-keys=false", "get svc web -o jsonpath={.items[*",
        "get svc web -o jsonpath-as-json={.spec.ports}", "get svc web -o jsonpath-file=nosuch",
        "get svc web -o jsonpath",
        "get svc web -o jsonpath --template={.kind}", "get svc nosuch -o jsonpath={.kind}",
        "get cm settings -o jsonpath='{.data}'",
    ),
    reads(
        "go-template",
        "get svc -o go-template='{{range .items}}{{.metadata.name}}:{{end}}'", "get svc web --template={{.kind}}",
        "get svc web -o go-template='{{.kind}} {{.kind.x}}'", "get svc web -o go-template={{.kind",
        "get svc web -o go-template={{.nosuch}} --allow-missing-template-keys=false", "get svc web -o go-template",
        "get svc web -o go-template-file=nosuch",
        "get cm settings -o go-template='{{range $k, $v := .data}}{{$k}} {{end}}'",
    ),
    reads(
        "custom columns",
        "get svc -o custom-columns=NAME:.metadata.name,PORTS:.spec.ports[*].port,X:.nosuch,SEL:.spec.selector",
        "get svc web -o custom-columns=NAME:metadata.name --no-headers", "get svc web -o custom-columns=NAME",
        "get svc web -o custom-columns", "get svc web -o custom-columns=N:{.metadata.name",
        "get svc web -o custom-columns-file=nosuch", "get svc,rs -o custom-columns=K:.kind,NAME:.metadata.name",
        "get pods -l app=none -o custom-columns=K:.kind",
    ),
)  # fmt: skip
