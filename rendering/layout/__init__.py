"""From compiled template and values to placed lines: line breaking, justification, pages. It never writes PDF bytes."""
