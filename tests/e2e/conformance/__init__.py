"""What the conformance suite of Kubernetes 1.36 asks, asked in our own words on a real cluster."""
