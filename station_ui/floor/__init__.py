"""The screens of the floor: line, exceptions, pieces, batches, trays, returned mail."""
