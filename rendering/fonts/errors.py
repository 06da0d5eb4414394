"""The one error of fonts."""


class FontError(Exception):
    """A font of a chain is not installed or cannot be used; the message names the file and what to do."""
