"""rtnetlink: the few messages that links, addresses, routes and neighbours of pods need (rtnetlink(7)).

``messages`` encodes and decodes and is pure; ``connection`` is the socket.  Why not a library: decision 0006.
"""
