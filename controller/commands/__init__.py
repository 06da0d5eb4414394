"""The controller's own commands. Each module loads fast; what is heavy is imported when the command runs."""
