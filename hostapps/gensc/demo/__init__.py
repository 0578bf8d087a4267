"""`gensc demo`: photos through a real flowgraph, and the report."""
