"""What experiments are made of: schemes, rows, tables, output."""
