"""The command line, the supervisor behind `hotline run`, doctor and bench: the only package that knows all the others."""
