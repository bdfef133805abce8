"""What runs: exec, logs, scale, rollouts."""

from .step import row, types, until

SERVING = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: serving}
spec:
  selector: {matchLabels: {app: serving}}
  template:
    metadata: {labels: {app: serving}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: kubia, image: luksa/kubia, imagePullPolicy: IfNotPresent}]
"""
STREAMS = (
    row("X01 X02 X04 exec into what is not a pod",
        types("exec abc -- date", 'pods "abc" not found', code=1),
        types("exec -f @two-pods -- echo test", "cannot exec into multiple objects at a time", code=1),
        types("exec deployments/bar -- date", '"bar" not found', code=1),
        types("exec configmap/kube-root-ca.crt -- date", "not implemented", code=1),
        types("exec foo/bar -- date", "~^error:", code=1), since=27),
    row("X03 exec into a container that is not there",
        types("create -f @pod"), types("wait --for=condition=Ready pod/test-pod --timeout=15s"),
        types("exec test-pod -c nonexistent -- date", "container nonexistent is not valid for pod test-pod", code=1),
        types("exec -i test-pod -- cat", "=hello", given="hello\n")),
    row("X05 streams are kept apart, and the exit code is the command's",
        types("create -f @pod"), types("wait --for=condition=Ready pod/test-pod --timeout=15s"),
        types("exec test-pod -- sh -c 'echo out; echo err >&2; exit 3'", "=out",
              "~^err$\n?command terminated with exit code 3$", code=3)),
    row("X08 logs",
        types("create -f @counting-pod"),
        types("wait --for=jsonpath={.status.phase}=Running pod/counting --timeout=15s"),
        types("logs counting -f", "=line 1\nline 2\nline 3"),
        types("logs counting -c kubernetes-pause --tail=1", "=line 3"),
        types("logs counting --since=1h", "=line 1\nline 2\nline 3"),
        types("logs counting --timestamps", "~^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{1,9}Z line 1$"),
        types("logs counting -c nope", "container nope is not valid for pod counting", code=1),
        types("logs counting --previous",
              'previous terminated container "kubernetes-pause" in pod "counting" not found', code=1),
        until("get pod counting", "~^counting +0/1 +Completed +0 "),
        types("exec counting -- date", "cannot exec into a container in a completed pod; current phase is Succeeded",
              code=1), since=23),
    row("attach with a stdin that stays open, and with one that ends",
        types("run stays --image=luksa/kubia --image-pull-policy=IfNotPresent --restart=OnFailure --attach --stdin "
              "--leave-stdin-open --command -- sh -c 'cat && echo closed'", given="abcd\n"),
        until("logs stays", "=abcd"), types("get pod stays -o jsonpath={.status.phase}", "=Running"),
        types("run ends --image=luksa/kubia --image-pull-policy=IfNotPresent --restart=OnFailure --attach --stdin "
              "--command -- sh -c 'cat && echo closed'", "closed", given="abcd\n"),
        until("logs ends", "=abcd\nclosed")),
    row("files are copied there and back",
        types("create -f @pod"), types("wait --for=condition=Ready pod/test-pod --timeout=15s"),
        types("cp @svc-a test-pod:/tmp/copy"), types("exec test-pod -- cat /tmp/copy", "name: redis-master")),
)  # fmt: skip

ROLLOUTS = (
    row("an autoscaler follows what pods use",
        types("apply -f -", "=deployment.apps/serving created", given=SERVING),
        types("rollout status deploy/serving --timeout=30s", "successfully rolled out"),
        types("autoscale deploy serving --max=2 --memory=1Mi", "serving autoscaled"),
        until("get deploy serving -o jsonpath={.spec.replicas}", "=2"),
        until("get hpa", "~^serving +Deployment/serving +memory: [0-9]+/1Mi +1 +2 +[12] "),
        types("describe hpa serving", "~ScalingActive +True +ValidMetricFound",
              "New size: 2; reason: memory resource above target"),
        since=34),
    row("autoscalers by shares and amounts",
        types("create deploy web --image=luksa/kubia --replicas=0"),
        types("autoscale deploy web --max=3 --cpu=60% --memory=200",
              "=horizontalpodautoscaler.autoscaling/web autoscaled"),
        types("get hpa web -o jsonpath={.spec.metrics[*].resource.target.averageUtilization}"
              "{.spec.metrics[*].resource.target.averageValue}", "=60200Mi"),
        types("autoscale deploy web --max=3 --cpu=x", "error: invalid resource cpu value: x", code=1),
        types("autoscale deploy web --max=3 --cpu=5% --cpu-percent=5", "--cpu-percent and --cpu are mutually exclusive",
              code=1),
        types("get hpa", "~^web +Deployment/web +cpu: <unknown>/60%, memory: <unknown>/200Mi +1 +3 +0 "),
        since=34),
    row("R01 scale only from what is expected",
        types("create -f @rc"),
        types("scale --current-replicas=3 --replicas=2 rc frontend", "=replicationcontroller/frontend scaled"),
        types("scale --current-replicas=3 --replicas=2 rc frontend", "Expected replicas to be 3, was 2", code=1),
        types("get rc frontend -o jsonpath={.spec.replicas}", "=2"),
        types("scale rc nope --replicas=1", '~replicationcontrollers "nope" not found|no objects passed to scale',
              code=1)),
    row("R05 an image that is none",
        types("run test2 --image=InvalidImageName",
              'error: Invalid image name "InvalidImageName": invalid reference format', code=1)),
    row("R06 rollouts",
        types("apply -f @r1"), types("rollout status deploy/nginx-deployment --timeout=20s", "successfully rolled out"),
        types("apply -f @r2"), types("rollout status deploy/nginx-deployment --timeout=20s", "successfully rolled out"),
        types("rollout history deploy/nginx-deployment", "~^REVISION +CHANGE-CAUSE$", "~^1 +<none>$", "~^2 +<none>$"),
        types("rollout undo deploy/nginx-deployment", "=deployment.apps/nginx-deployment rolled back"),
        types("get deploy nginx-deployment -o jsonpath={.spec.template.spec.containers[0].image}", "=luksa/kubia"),
        types("rollout undo deploy/nginx-deployment --to-revision=1000000",
              "unable to find specified revision 1000000 in history", code=1),
        until("get deploy nginx-deployment -o jsonpath='{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'",
              "=3"),
        types("rollout pause deploy/nginx-deployment", "=deployment.apps/nginx-deployment paused"),
        types("rollout undo deploy/nginx-deployment", "cannot rollback a paused deployment", code=1),
        types("rollout restart deploy/nginx-deployment", "can't restart paused deployment", code=1),
        types("rollout resume deploy/nginx-deployment", "=deployment.apps/nginx-deployment resumed"),
        types("rollout undo deploy/nginx-deployment --to-revision=2"),
        types("rollout undo deploy/nginx-deployment --to-revision=3"),
        until("get rs -o jsonpath={.items[*].metadata.annotations}",
              '"deployment.kubernetes.io/revision-history":"1,3"'),
        types("rollout restart deploy/nginx-deployment", "=deployment.apps/nginx-deployment restarted"),
        types("rollout status deploy/nginx-deployment --timeout=20s", "successfully rolled out")),
    row("set image, env, resources",
        types("create -f @r1"),
        types("set env deploy/nginx-deployment A=b", "=deployment.apps/nginx-deployment env updated"),
        types("set env deploy/nginx-deployment --list", "~^A=b$"),
        types("set resources deploy/nginx-deployment --limits=memory=100Mi",
              "=deployment.apps/nginx-deployment resource requirements updated"),
        types("set image deploy/nginx-deployment kubernetes-pause=luksa/kubia:latest",
              "=deployment.apps/nginx-deployment image updated"),
        types("rollout status deploy/nginx-deployment --timeout=20s", "successfully rolled out")),
)  # fmt: skip
