"""The results contract, quality measures, summaries."""
