"""The local CA: an authority of a cluster for the names of its Ingresses, which this machine can be told to trust."""
