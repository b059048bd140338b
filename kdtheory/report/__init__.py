"""Tables, pages and plots for people."""
