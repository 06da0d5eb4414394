"""The door between people and the line: plain read views out, checked commands in.

The screens and the shell use only what is here. It never moves paper itself: a command is a row in the
ledger's inbox, and the line decides. It knows no Flask and no SQL.
"""
