"""From a rule to a theorem: one-step statements in moment form, their exact worst case, and the
certificates that prove it.
"""
