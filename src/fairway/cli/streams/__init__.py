"""Streams: what exec, attach, logs, cp and port-forward share: which pod and container is meant, bytes both ways."""
