"""What ReplicaSets and ReplicationControllers have in common: to keep a number of equal pods alive."""
