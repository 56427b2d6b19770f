"""What a ticket is and how it may move: values, rules and hashes. Pure: standard library only."""
