"""Seam 2: what makes containers run.  Drivers: crun, memory."""
