"""Create an Ingress.

fairway create ingress shop --rule=shop.example.com/=web:80
fairway create ingress shop --rule='shop.example.com/api*=api:http,tls=certificate' --class=haproxy
fairway create ingress rest --default-backend=web:80
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.ingress import ingress
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --rule=HOST/PATH=SERVICE:PORT[,tls[=SECRET]]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("annotation", type="array", help="an annotation, KEY=VALUE; may be repeated"),
    Flag("class", help="the IngressClass"),
    Flag("default-backend", help="where all goes that no rule names, SERVICE:PORT"),
    Flag("rule", type="array", help="HOST/PATH=SERVICE:PORT[,tls[=SECRET]]; a path that ends in * is a prefix"),
)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    made = ingress(
        name_of(call), flags.rule, default_backend=flags.default_backend, class_name=getattr(flags, "class"),
        annotations=flags.annotation,
    )  # fmt: skip
    return send(call, made, "failed to create ingress", kind_word="ingresses")
