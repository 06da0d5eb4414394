"""The rules of a line, one module for each part of it: functions that change the `LineState` they are handed and nothing else.

Downwards only: machine → feed → exits → pieces → trays, challenge, zone → doubt; custody and printing stand beside (held by an import contract).
"""
