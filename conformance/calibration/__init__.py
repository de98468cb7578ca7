"""Where the judge's constants come from: what correct implementations really err by, and how often more."""
