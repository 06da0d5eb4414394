"""The shell around the line core: opens devices, feeds the core with what they say, commits its records, performs its actions.

It decides nothing. Threads: one reader per device (devices), one decode pool per camera (vision), one printing thread, and the line
thread, the only one that steps the core and appends to the ledger.
"""
