"""All schemes there are; `load_scheme` knows them by name."""
