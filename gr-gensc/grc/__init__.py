"""GNU Radio Companion descriptions of the blocks; a package, so that they are found as files."""
