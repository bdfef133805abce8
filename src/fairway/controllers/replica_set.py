"""ReplicaSets keep a number of equal pods alive.

Source: Kubernetes docs, "ReplicaSet".
"""

from fairway.controllers.replicas.reconcile import controller
from fairway.kinds import REPLICA_SET

REPLICA_SETS = controller("replicaset-controller", REPLICA_SET)
