"""Software-defined radios: one set of settings for every driver, and what the device made of it."""
