"""What the engines are measured against: the least a client can do with the same driver and server."""
