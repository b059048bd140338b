"""Monte Carlo: the reference engine in NumPy, and what all engines share."""
