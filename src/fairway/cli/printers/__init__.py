"""How objects are shown in a terminal."""
