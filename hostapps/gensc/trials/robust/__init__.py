"""What a receiver bears: killed writers, hostile messages, damaged recordings."""
