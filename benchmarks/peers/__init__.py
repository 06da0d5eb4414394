"""Peers the benchmarks and tests run against: other people's programs."""
