"""The onlooker: stands beside a line, hears every word in both directions, and says which act had no right to be.

The auditor judges what came of a run; a rule that another rule stands behind can be missing there for a long time without harm. The
onlooker judges each act when it happens: was every condition of this grant met by what had been *heard*, was each doubt, HOLD and
refusal that a word obliges to really written down in the same step. Written from docs/integrity/ and docs/protocols/inserter.md; it imports
nothing of the controller and knows its words by name alone.
"""

from simulator.onlooker.judge import Onlooker, Policy
from simulator.onlooker.memory import Papers

__all__ = ["Onlooker", "Papers", "Policy"]
