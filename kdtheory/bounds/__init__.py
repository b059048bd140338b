"""Numbers from the statements: ranges, curves, floors and best weights."""
