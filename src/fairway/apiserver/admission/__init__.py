"""The steps that may change or refuse a write, in one visible order."""
