"""The folder-inserter over its reference interface (docs/protocols/inserter.md): codec and session are pure, the driver is a thin shell of two threads.

Never decides whether a piece may pass: it carries the controller's word to the machine and the machine's word back.
"""
