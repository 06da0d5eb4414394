"""The station screens and the partner API: Flask pages over `controller.service`.

They show what the ledger says and put commands into its inbox. They never decide about a piece, hold no SQL, touch no device,
and may die at any moment without the line noticing.
"""
