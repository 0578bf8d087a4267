"""What matters in an image: importance, captions, GVIF, filtering."""
