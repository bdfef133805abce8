"""The store: a revisioned, durable map of keys to bytes with watch.  Seam 1; knows no kinds."""
