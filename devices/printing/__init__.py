"""Printing through CUPS: a private spooler, queues that never send a job twice, and the printer's own word beside the spooler's.

Never believes "completed": it is passed on as a claim. What is on paper is known only when a camera has read it.
"""
