"""Engines around an engine. Each passes the suites of what it wraps; any may be used by itself.

A store's URL, or the options of a context, ask for them by name, and then they stand in one order,
whatever the order in the URL. From the engine outwards:

1. `metrics` (`metered`): nearest to the engine, so that each try and each failure counts as the store
   gave it, even if a retry hides it from the caller;
2. `retry` (`retrying`): below encryption, so that what is asked again is the same bytes;
3. `encrypt` (`encrypting`): everything above sees plain values;
4. `audit` (`audited`): above encryption, so that equal values have equal hashes whatever key they are under;
5. `cache` (`caching`): outermost, so that a hit costs neither transfer nor decryption nor decoding.

Each module is imported only when it is asked for.
"""
