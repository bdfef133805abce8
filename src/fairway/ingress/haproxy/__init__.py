"""HAProxy as the engine: ``engine`` drives it; ``program``, ``commands`` and ``config_text`` are pure.

Shape: hosts and paths are entries of maps, backends are made beforehand as numbered slots of which one is given to each
port of a Service, servers are added and removed at run time, certificates too; all of it over the runtime socket.
HAProxy is only reloaded when it needs more slots.
"""
