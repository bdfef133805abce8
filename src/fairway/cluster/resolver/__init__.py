"""Resolver: the names of a cluster for programs on this machine, as far as its user asks for it, and back again."""
