"""SPDY/3.1 as kubectl speaks it: frames, compressed headers, sessions.  Source: the SPDY/3.1 draft specification."""
