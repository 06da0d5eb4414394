"""The picture of the simulated line in a browser: live, or replayed from its world log. It shows and passes on words; it decides nothing."""
