"""The Service proxy: Services and EndpointSlices in, kernel rules out.  Knows the API only through a client."""
