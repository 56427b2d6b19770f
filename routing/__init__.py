"""Text to decision, pure: taxonomy, classifier, emergency detector, places and dispatch policy."""
