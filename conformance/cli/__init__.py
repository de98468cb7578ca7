"""The command line, one module per command.

`main.main` is the command `conformance`; it returns the exit code.
"""
