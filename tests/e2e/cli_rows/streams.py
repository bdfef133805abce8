"""Streams: exec, attach, logs and cp, right and wrong, and the wrong use of port-forward."""

from .row import any_order, reads, until, writes

TAR = """
apiVersion: v1
kind: Pod
metadata: {name: tar}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: tar, image: luksa/kubia, imagePullPolicy: IfNotPresent}]
"""

ROWS = (
    reads(
        "two pods",
        "exec two -- echo hi", "exec two -q -- echo hi", "exec two -c b -- echo b", "exec two -c nosuch -- echo",
        "exec two -c first -- echo", "exec two -- sh -c 'echo out; echo err >&2; exit 7'", "exec two -- nosuch",
        ("exec -i two -- cat", "one\ntwo"), ("exec -it two -- cat", "no terminal"), "exec -t two -- echo x",
        "exec two -- sh -c 'kill -9 $$'", "exec done -- ls", "exec two other -- echo x", "exec pod/two -- echo slash",
        "attach two -c nosuch", "attach done", ("attach -i two -c b nosuch", ""),
        "logs two", "logs two --tail=2", "logs two -c first", "logs two a --tail=1", "logs two --limit-bytes=5",
        "logs two --tail=0", "logs two -c nosuch", "logs two nosuch", "logs two -p", "logs two -c first --previous",
        "logs done -c c", "logs done", "logs done -f -c c", "logs done -c c --prefix",
        "logs two --since=1h --tail 1", "logs two --since-time=2020-01-01T00:00:00Z --tail 1",
        "logs two --since-time=2120-01-01T00:00:00Z", "logs -l app=two -c first --prefix",
        "logs -l app=two -c a", "logs -l app=two -c a --tail=1",
        any_order("logs -l app=two --all-containers --tail=1 --prefix"),
        ("exec -i two -c a -- sh -c 'cat > /tmp/in'", "hello\n"),
    ),
    writes(
        "files",
        ("create -f -", TAR),
        until("exec tar -- true"),
        ("exec -i tar -- sh -c 'cat > /tmp/in'", "hello\n"),
        "cp tar:tmp/in in-$ns", "cp in-$ns tar:/tmp/back", "exec tar -- cat /tmp/back", "cp in-$ns tar:/tmp",
        "exec tar -- ls /tmp", "cp in-$ns tar:/no/where", "cp in-$ns nosuch:/tmp/x", "cp in-$ns tar:/tmp/c -c nosuch",
        "exec tar -- sh -c 'mkdir -p /tmp/d/e && ln -s x /tmp/d/l && echo f > /tmp/d/e/f'", "cp tar:tmp/d d-$ns",
        "cp d-$ns tar:/tmp/d2", any_order("exec tar -- find /tmp/d2"),
        "cp d-$ns tar:/tmp/d2", any_order("exec tar -- find /tmp/d2"),
        "cp tar:tmp/in d-$ns", "cp in-$ns tar:/tmp/n --no-preserve",
    ),
    reads(
        "of workloads",
        "exec rs/kubia -- echo hi", "exec svc/web -- sh -c 'exit 4'", "exec rs kubia -- echo", "logs rs/kubia --tail 1",
        "logs svc/web --tail 1", "exec svc/outside -- ls", "logs svc/outside", "logs rs/kubia rs/kubia",
    ),
    reads(
        "wrong use",
        "exec", "exec rs/kubia", "exec rs/kubia ls", "exec rs/kubia ls -l", "exec -- ls", "exec nosuch -- ls",
        "exec rs/nosuch -- ls", "exec cm/settings -- ls", "exec foobar/x -- ls", "exec a/b/c -- ls",
        "exec rs/kubia --pod-running-timeout=0s -- ls", "exec rs/kubia --pod-running-timeout=x -- ls",
        "attach", "attach a b c", "attach nosuch", "attach svc/nosuch", "attach cm/settings",
        "logs nosuch", "logs rs/nosuch", "logs cm/settings", "logs node/nosuch", "logs foobar/x", "logs a b c",
        "logs rs/kubia -l app=x", "logs -l app=nosuch", "logs -l app=nosuch -f", "logs rs/kubia --since=-1s",
        "logs -l app=kubia -f --max-log-requests=1", "logs rs/kubia --since=1s --since-time=2020-01-01T00:00:00Z",
        "logs rs/kubia --since-time=x",
        "logs rs/kubia --since-time=2020-01-01", "logs rs/kubia --tail=-5", "logs rs/kubia --limit-bytes=-1",
        "logs rs/kubia --all-containers -c kubia", "logs rs/kubia kubia -c kubia", "logs rs/kubia --tail=x",
        "logs rs/kubia --pod-running-timeout=-1s", "logs rs/kubia --bogus",
        "port-forward", "port-forward rs/kubia", "port-forward nosuch 1:2", "port-forward rs/nosuch 1:2",
        "port-forward cm/settings 1:2", "port-forward foobar/x 1:2", "port-forward svc/web 0:99",
        "port-forward svc/web 0:nosuch", "port-forward rs/kubia 70000", "port-forward rs/kubia 8080:0",
        "port-forward svc/outside 1:2", "port-forward rs/kubia 0:8080 --address nosuch",
        "port-forward rs/kubia 0:8080 --address=",
        "port-forward rs/kubia 0:8080 --pod-running-timeout=0s",
        "cp", "cp a", "cp a b", "cp a:/b c:/d", "cp a/b/c:/d e", "cp nosuch: e", "cp nosuch a:/b", "cp nosuch:/x e",
    ),
)  # fmt: skip
