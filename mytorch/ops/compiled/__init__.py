"""The steps of the recurrent ops as loops that numba compiles, for where `mytorch.backends.numba` is enabled.

`mytorch.ops.lstm`, `gru` and `rnn` say in NumPy what is computed, and these modules say it again for a
compiler. Each has a pair of kernels, `advance` and `retreat`; `layer` prepares the arrays for those
of all three, and gives back what the op gives.

Inside, a step is rows of one matrix, (B, F), as in the input: B rows of (R, F) are one step, in the order of
the sequences. A sequence that has ended keeps its last state in the row of the state, (N, F), so that ragged
sequences, of which fewer and fewer take part, need nothing more than a shorter loop.

Only `functions` says how exp, tanh and sigmoid are computed; `numba` is imported by these modules alone, and
they when they are first used.
"""
