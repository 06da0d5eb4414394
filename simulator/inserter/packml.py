"""The machine's states as a table: which verb is heard in which state, and where it leads. Pure.

Source: ISA-TR88.00.02 state model as numbered in docs/protocols/inserter.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.inserter.vocabulary import State, Verb


@dataclass(frozen=True, slots=True)
class VerbRule:
    """A verb leads ``via`` a transient state ``to`` a resting one; heard in ``to`` or ``via`` again it changes nothing."""

    heard_in: frozenset[State]
    via: State
    to: State


_S = State
_ANY_BUT_ABORTED = frozenset(_S) - {_S.ABORTING, _S.ABORTED}

VERBS: dict[Verb, VerbRule] = {
    Verb.RESET: VerbRule(frozenset({_S.STOPPED, _S.COMPLETE}), _S.RESETTING, _S.IDLE),
    Verb.START: VerbRule(frozenset({_S.IDLE}), _S.STARTING, _S.EXECUTE),
    Verb.STOP: VerbRule(_ANY_BUT_ABORTED - {_S.STOPPING, _S.STOPPED, _S.CLEARING}, _S.STOPPING, _S.STOPPED),
    Verb.HOLD: VerbRule(frozenset({_S.EXECUTE, _S.SUSPENDED, _S.SUSPENDING, _S.UNSUSPENDING}), _S.HOLDING, _S.HELD),
    Verb.UNHOLD: VerbRule(frozenset({_S.HELD}), _S.UNHOLDING, _S.EXECUTE),
    Verb.SUSPEND: VerbRule(frozenset({_S.EXECUTE}), _S.SUSPENDING, _S.SUSPENDED),
    Verb.UNSUSPEND: VerbRule(frozenset({_S.SUSPENDED}), _S.UNSUSPENDING, _S.EXECUTE),
    Verb.ABORT: VerbRule(_ANY_BUT_ABORTED, _S.ABORTING, _S.ABORTED),
    Verb.CLEAR: VerbRule(frozenset({_S.ABORTED}), _S.CLEARING, _S.STOPPED),
    Verb.COMPLETE: VerbRule(frozenset({_S.EXECUTE}), _S.COMPLETING, _S.COMPLETE),
}

# The state a transient state ends in.
ENDS_IN: dict[State, State] = {rule.via: rule.to for rule in VERBS.values()}

# In these the belt stands still.
BELT_STANDS = frozenset({_S.HOLDING, _S.HELD, _S.ABORTING, _S.ABORTED, _S.STOPPED, _S.IDLE, _S.RESETTING, _S.COMPLETE})

# These last until every piece inside has left.
ENDS_WHEN_EMPTY = frozenset({_S.CLEARING, _S.UNHOLDING, _S.STOPPING, _S.COMPLETING, _S.SUSPENDING})

# In these what is inside is never good, whatever was granted (PURGE).
PURGES = frozenset({_S.CLEARING, _S.UNHOLDING})
