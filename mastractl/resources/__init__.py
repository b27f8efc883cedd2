"""What a resource is: names, kinds, schemas, validation, selectors. Pure: no I/O, no clock, no asyncio."""
