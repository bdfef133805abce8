"""Ownership: who last set which field of an object, and what an applied configuration makes of it.

Pure.  Shape: ``tracking.updated`` after an ordinary write, ``applying.applied`` for a server-side apply; both give
``metadata.managedFields``.  Sets of fields are kept in the wire's own form, FieldsV1.
Source: Kubernetes docs, "Server-Side Apply"; KEP-555.
"""
