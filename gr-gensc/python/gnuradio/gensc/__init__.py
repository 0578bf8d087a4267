"""GNU Radio blocks of gr-gensc."""
