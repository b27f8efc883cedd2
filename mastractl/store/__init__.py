"""Resources over an engine: admission, apply, watch, deletion."""
