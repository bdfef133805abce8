"""What several controllers know of pods, owners, Services and slices.  Pure: no client, no clock, no state."""
