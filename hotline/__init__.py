"""The command line, the supervisor behind `hotline run`, doctor: the only package that knows all the others."""
