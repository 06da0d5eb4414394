"""Design-time art drawn with reportlab: seals, letterheads, labels, cover sheets, hand-over papers, contact sheets.

Made once per firm, tray or batch, never per letter. Values come in as plain text and numbers; nothing here knows
a case, a batch or a ledger. Import the module you need (`rendering.art.handover`, ...): reportlab is slow to load.
"""
