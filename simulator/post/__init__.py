"""The SIMULATED post: what it finds in the trays, what it tells the sender. It knows the envelopes and the partner API, and nothing else.

`cage` writes down what really lies in each tray, as read from the envelopes' windows; `counter` compares that with what the sender
announced; `journeys` decides where each letter goes; `wire` speaks the partner API; `office` does the work.
"""
