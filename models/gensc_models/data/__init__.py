"""Photos, packs of small images, data sets with masks."""
