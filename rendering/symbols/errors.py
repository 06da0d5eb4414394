"""The one error of the symbol encoders."""


class SymbolError(ValueError):
    """The payload cannot be drawn as the symbol asked for; the message says which character or size is at fault."""
