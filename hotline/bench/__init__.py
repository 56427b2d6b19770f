"""The project's own figures. A bench is a module with `Options` and `run(options) -> Report`; it measures the project
beside a reference in the same run, in turn, and says on which machine and at which revision.
"""
