"""SGD with distillation on least squares, by other means: each ``prepare(case)`` returns a function
that runs it and returns the curve.
"""
