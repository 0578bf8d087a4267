"""What `import gensc` offers, one file a subject."""
