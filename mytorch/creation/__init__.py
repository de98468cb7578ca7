"""Functions that make tensors: from data, filled, like another tensor, of ranges, and at random."""
