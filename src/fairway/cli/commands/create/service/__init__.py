"""Create a Service."""

COMMANDS = {
    "clusterip": "a Service with an address inside the cluster",
    "externalname": "a Service that is another name's alias",
    "loadbalancer": "a Service with an address outside, too",
    "nodeport": "a Service with a port on every node",
}
