"""The lifecycles as readable tables: pure definitions, no clock, no files, no database, no logging."""
