"""The eyes of the line: find, read and grade the marks in one grey frame, and say when nothing certain was seen.

Knows pixels, millimetres, symbologies and time budgets. It returns payloads as opaque text: it never knows what a
payload means, which piece is expected, or what happens to the piece. It opens no device (`vision.watch` takes any
object with ``grab``) and imports neither the controller, nor rendering, nor devices.
"""
