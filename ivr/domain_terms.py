"""The words that recognition should prefer: what this hotline's matters, places and units are called."""

from collections.abc import Iterator

from routing.router import Router

__all__ = ["domain_terms"]


def domain_terms(router: Router) -> Iterator[str]:
    """Callers' words of every problem type, other names of units, and every name a caller may hear; some come twice."""
    for problem in router.taxonomy.problems.values():
        yield from problem.words
    for unit in router.taxonomy.units.values():
        yield from unit.aliases
    for _, name in router.spoken_names():
        yield name
