"""Machines that were there before: the serial exit interface of the 420T family, and mail-run files of machines that only know files.

What they say is weaker than the reference interface: no acknowledgement, parity or nothing as check. It is passed on with its doubts marked.
"""
