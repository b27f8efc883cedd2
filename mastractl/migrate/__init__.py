"""Moving what a store holds: from any engine to any other, into a file and back; and proving a store whole.

Everything here works on the contract (`mastractl.engines.contract`) alone, and knows no engine.
"""
