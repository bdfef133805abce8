"""Announcements: load balancers' addresses answered for on a LAN, by ARP and by neighbour discovery."""

from fairway.node.announcements.announcer import Announcer, Settings

__all__ = ["Announcer", "Settings"]
