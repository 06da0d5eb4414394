"""Simulated cameras: frames of the paper that really passes, served as MJPEG over HTTP. They never decode what they show."""
