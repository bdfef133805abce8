"""ReplicationControllers keep a number of equal pods alive: the ReplicaSet's forebear, with plain labels as selector.

Source: Kubernetes docs, "ReplicationController".
"""

from fairway.controllers.replicas.reconcile import controller
from fairway.kinds import REPLICATION_CONTROLLER

REPLICATION_CONTROLLERS = controller("replication-controller", REPLICATION_CONTROLLER)
