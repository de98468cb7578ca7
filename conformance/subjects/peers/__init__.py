"""Other implementations of torch's recurrent layers, one file per framework."""
