"""Pictures of a mixture."""
