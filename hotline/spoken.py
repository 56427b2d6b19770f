"""Everything a caller can hear, as one catalogue: what ships as words, and what other data name."""

from ivr.dialogue.phrases import digit_pairs
from routing.knowledge import KNOWLEDGE, KnowledgeBase
from routing.router import Router
from speech.prompts import PromptEntry, dynamic_entries, fixed_entries


def catalogue() -> tuple[PromptEntry, ...]:
    """Fixed prompts; pairs of digits; names of categories, units and places; answers of the knowledge base.

    Raises CatalogueError, DataError.
    """
    return (
        *fixed_entries(),
        *dynamic_entries(digit_pairs(), used="ticket numbers, read in pairs of digits"),
        *dynamic_entries(Router.load().spoken_names(), used="names read back"),
        *dynamic_entries(KnowledgeBase.load(KNOWLEDGE).spoken(), used="answers to common questions"),
    )
