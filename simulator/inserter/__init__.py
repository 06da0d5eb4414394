"""The simulated folder-inserter: codec, firmware and mechanics, written from ``docs/protocols/inserter.md`` alone.

It never imports the production driver: a misreading must not pass twice.
"""
