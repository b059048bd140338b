"""The update rules, and what is done to an iterate after the step."""
