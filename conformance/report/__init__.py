"""One versioned record of a run, and what is written from it."""
