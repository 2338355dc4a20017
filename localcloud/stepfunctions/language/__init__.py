"""The Amazon States Language, read: definitions with their paths, templates and rules compiled. Pure."""
