"""Host ports: addresses and ports of the node that lead to single pods."""
