"""Runs the suite, and its self-test: plans, judges, shrinks failures, stores bundles and replays them.

Called by the command line and by the package's `conformance.run`; a report or a kill matrix comes out.
"""
