"""Images: the machine's image store, archives and the registry client.

``store`` is what the agent and the CLI use; it implements the ``Images`` part of the runtime seam.  Several processes
may work on one store: files are whole or absent, the index changes under a lock.
"""
