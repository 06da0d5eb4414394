"""Looks at a machine and at the devices of a line and says what is wrong and what to do. Changes nothing, moves nothing."""
