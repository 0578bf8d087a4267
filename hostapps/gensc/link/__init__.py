"""Single images through a flowgraph, recordings, sockets and radios."""
