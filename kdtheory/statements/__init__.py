"""What is claimed: one object a statement, in paper order."""
