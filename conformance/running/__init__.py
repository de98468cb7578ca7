"""Runs the suite: what is planned, judged, shrunk, bundled and replayed."""
