"""Certificates and the checkers that accept or refuse them. Knows no theorem."""
