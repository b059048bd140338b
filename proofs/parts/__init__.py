"""What several statements' proofs are made of: one-step certificates with their corners, the curve
and its limits, the passage to t steps, and which of these a bound of each form needs.
"""
