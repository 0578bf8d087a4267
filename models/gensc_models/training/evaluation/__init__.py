"""What trained models reach, measured."""
