"""Linear analog codes (SoftCast)."""
