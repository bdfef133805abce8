"""Volumes: what pods mount besides their images.  Knows the machine's file system; never speaks to the API."""
