"""The crun driver: containers by crun (or runc), each watched by its own conmon; decision 0007.

``spec`` and ``users`` are pure; ``rootfs``, ``monitor`` and ``exec_session`` touch the kernel; ``runtime`` ties
them together and implements the seam; ``sweep`` removes everything without it.
"""

from fairway.node.runtimes.crun.sweeping import Swept, sweep

__all__ = ["Swept", "sweep"]
