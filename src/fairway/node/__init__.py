"""The node agent: makes the pods bound to this machine run, and tells the API how they fare."""
