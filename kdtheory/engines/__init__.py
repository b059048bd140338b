"""What iterates do: exact moments and simulation."""
