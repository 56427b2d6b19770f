"""The durable way from a call to the ticket service: ticket numbers, the spool on disk and the relay over HTTP."""
