"""Pod network: a routed veth pair for each pod, and what the machine needs around them.

No bridge: every packet passes the IP hooks, that of a pod to itself included.  The namespaces are kept alive by bind
mounts, so a pod needs no process of its own to exist.
"""
