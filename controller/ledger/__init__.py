"""The ledger: the append-only, hash-chained record of everything that happened, and the states that follow from it.

The only place with SQL. It decides nothing about letters: it takes records from the line core, applies the state tables, makes both
durable in one transaction, and stops the line (`LedgerFault`) when it cannot vouch for what it holds.
"""
