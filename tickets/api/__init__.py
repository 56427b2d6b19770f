"""The HTTP edge: aiohttp routes, pydantic bodies, problem+json, and the OpenAPI document made from both."""
