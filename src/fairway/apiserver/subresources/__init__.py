"""One file per subresource; ``connects`` names those that need the connection itself."""
