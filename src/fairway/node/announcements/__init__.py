"""Announcements: load balancers' addresses answered for on a LAN, by ARP and by neighbour discovery."""

from fairway.node.announcements.announcer import Announcer, Settings, stay_silent

__all__ = ["Announcer", "Settings", "stay_silent"]
