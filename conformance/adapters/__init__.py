"""Each adapter imports its framework when it is used, never before."""
