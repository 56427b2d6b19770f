"""The ticket service: domain, store, HTTP API and console. Useful without the telephone."""
