"""Container logs: read in the CRI format, from any point, and followed as they grow."""
