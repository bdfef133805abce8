"""Seam 3: what makes packets move.  Drivers: nftables, memory."""
