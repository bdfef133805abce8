"""The controllers: one file each, strangers to one another; each makes one thing in the API as it should be."""
