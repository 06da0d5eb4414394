"""Drivers: printers over CUPS, the folder-inserter, cameras' streams, scales, readers, lights, labels.

Each is a pure codec, a thin link and typed events. Never knows a letter, a batch or the ledger; never imports the controller, rendering or vision.
"""
