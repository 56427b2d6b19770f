"""Sample data: a directory and a year of requests, for trying the service, its reports and its speed."""

from tickets.sample.loader import HANDLERS, SEED, TICKETS, UNITS, Loaded, NotEmpty, load

__all__ = ["HANDLERS", "SEED", "TICKETS", "UNITS", "Loaded", "NotEmpty", "load"]
