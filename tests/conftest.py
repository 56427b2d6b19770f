"""For every test: a property is checked by examples, never by how fast a busy machine runs one of them."""

from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")
