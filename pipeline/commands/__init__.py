"""The commands, one module each: `add(parser)` describes its arguments, `run(args)` does it and returns the exit status.

Modules here import nothing heavy at their top: `chartproof --help` loads them all.
"""
