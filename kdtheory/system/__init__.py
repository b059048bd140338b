"""The machine: files and processes."""
