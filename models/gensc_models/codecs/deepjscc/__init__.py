"""DeepJSCC for small images."""
