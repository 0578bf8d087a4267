"""The adaptive analog code: SoftCast steered by a prior that knows this image."""
