"""Draws samples: a text, and the bits that follow from it."""
