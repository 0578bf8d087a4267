"""The receiver in a browser: one page, its live events, and metrics for Prometheus."""
