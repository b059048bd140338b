"""The best constant that any one-step proof could give, as a rigorous interval."""
