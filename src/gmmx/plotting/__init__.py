"""Pictures of a mixture and of a search."""
