"""The conformance kit of the inserter interface: plays the host by the letter of docs/protocols/inserter.md and says which clauses a device keeps.

It drives real machines: it feeds paper and opens the gate for test pieces. It never runs beside a controller (the port is opened exclusively).
"""
