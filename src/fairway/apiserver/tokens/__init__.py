"""Service-account tokens: who a pod is, signed by the cluster's own key.

Shape: ``claims`` (pure) is what a token says; ``issuer`` signs and verifies; both know no HTTP.
"""
