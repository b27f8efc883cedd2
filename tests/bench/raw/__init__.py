"""What each driver does by itself: the least a client can, to measure the engines by."""
