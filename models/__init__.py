"""Neural image codecs of gr-gensc (torch)."""
