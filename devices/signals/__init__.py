"""Lights, horns and simple gates beside the line. They show and move what they are told; they never decide."""
