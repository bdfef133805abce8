"""Rules that several kinds share: text forms, addresses, label selectors, table cells.  No kind lives here."""
