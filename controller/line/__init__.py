"""The line core: decides, event by event, what a line must record and do. Sans-IO.

It never reads a clock, opens a port, touches a file or starts a thread: time comes in with `Tick`, durability is the caller's
duty (`Step.records` first, then `Step.actions`), and every event is a plain frozen value.
"""
