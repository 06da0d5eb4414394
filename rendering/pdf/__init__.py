"""The only place that knows points and PDF syntax: page descriptions, compression, fonts, objects, the file."""
