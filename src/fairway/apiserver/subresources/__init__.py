"""One file per subresource."""
