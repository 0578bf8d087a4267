"""Training: one engine, and a recipe for every model."""
