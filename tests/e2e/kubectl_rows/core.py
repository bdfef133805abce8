"""What every kubectl is asked to do."""

from .step import HEADS, row, types

CORE = (
    row("a service from create to delete",
        types("create -f @svc-a", "=service/redis-master created"),
        types("get svc", "~^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\\(S\\) +AGE$",
              "~^redis-master +ClusterIP +[.0-9]+ +<none> +6379/TCP +[0-9]s$"),
        types("get all -o name", "=service/redis-master"),
        types("describe svc redis-master", *HEADS),
        types("create -f @svc-a", 'services "redis-master" already exists', code=1),
        types("expose service redis-master --port=443 --name=second", "=service/second exposed"),
        types("explain service.spec.ports", "~^VERSION: +v1$", "nodePort", "The port that clients call."),
        types("api-resources", "~^services +svc +v1 +true +Service$"),
        types("delete services redis-master second", '"redis-master" deleted', '"second" deleted')),
    row("apply, and the old versions of the text-books",
        types("apply -f @svc-a", "=service/redis-master created"),
        types("apply -f @svc-a", "=service/redis-master unchanged"),
        types("label svc redis-master a=b", "labeled"),
        types("""patch svc redis-master -p '{"spec":{"sessionAffinity":"ClientIP"}}'""", "patched"),
        types("create -f @unnamed", "* spec.ports[0].name: Required value", code=1),
        types("create -f @old-rs", "replicaset.apps/frontend created",
              "Warning: apps/v1beta2 ReplicaSet is deprecated"),
        types("scale rs frontend --replicas=1 --current-replicas=3", "frontend scaled"),
        types("delete rs frontend --wait=false", 'replicaset.apps "frontend" deleted')),
    row("a pod's rollout, log and commands",
        types("apply -f @r1", "created"), types("rollout status deploy/nginx-deployment --timeout=20s", "rolled out"),
        types("exec deploy/nginx-deployment -- sh -c 'echo out; echo err >&2; exit 3'", "out", "err",
              "command terminated with exit code 3", code=3),
        types("logs deploy/nginx-deployment", "kubia listens on 8080"),
        types("rollout restart deploy/nginx-deployment", "restarted"),
        types("rollout history deploy/nginx-deployment", "~^1 +<none>$")),
)  # fmt: skip
