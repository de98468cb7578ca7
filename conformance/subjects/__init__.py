"""What can run a case: the protocol, the reference, and the implementations judged by it."""
