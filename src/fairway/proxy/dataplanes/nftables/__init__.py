"""The nftables dataplane: one table per family, a fixed frame of chains, and elements by raw netlink.

Needs CAP_NET_ADMIN and a kernel of 5.13 or later; never the ``nft`` program.
"""

from fairway.proxy.dataplanes.nftables.dataplane import NftablesDataplane

__all__ = ["NftablesDataplane"]
