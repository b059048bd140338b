"""Evidence, never proof: property checks, equality oracles, mutants; each can fail."""
