"""Open311 GeoReport v2: civic apps file requests and follow them, unchanged, in JSON and XML."""
