"""The virtual-time campaign: production's line core and ledger against a simulated floor, millions of letters, every kind of fault.

SIMULATED throughout: no device, no wire, no wall clock. This is the one place of the simulator that may import the controller; what it
simulates is written from docs/protocols/inserter.md and the fault matrix of docs/integrity/, never from the controller's code.
It judges nothing itself: `simulator.auditor`, which knows neither of the two, says whether a run was clean.
"""
