"""What `doctor` looks at: the store, what it holds, and the machine around it. Nothing here writes."""
