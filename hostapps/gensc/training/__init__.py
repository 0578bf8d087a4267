"""`gensc train`: options to trainers."""
