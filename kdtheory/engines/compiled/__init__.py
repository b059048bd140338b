"""The simulator compiled with Numba: the numbers of the NumPy engine up to rounding, and the same
bits for any threads and any pieces.

Replicates come in fixed blocks of eight whose moments are summed in order; a block's arithmetic
does not depend on its neighbours. Numba is an extra (``pip install 'kdtheory[fast]'``); nothing
here is imported before it is needed.
"""
