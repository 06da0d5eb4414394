"""The hardware simulator: printers, folder-inserter, cameras and the people around them, at wire level.

It speaks only IPP, serial bytes and frames, says SIMULATED wherever it can be seen, and shares no code with production:
what it knows of a protocol it knows from ``docs/protocols``. It never learns what a control mark means.
"""
