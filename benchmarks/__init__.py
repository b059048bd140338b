"""Speed goals as ratios, measured side by side; see run.py."""
