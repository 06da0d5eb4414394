"""Simulated instruments beside the inserter: the scale. They answer what they are asked and know nothing of letters."""
