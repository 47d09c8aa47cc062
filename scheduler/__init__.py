"""Time, as sums that know no table and read no clock: working calendars, gestation, due dates and their proofs."""
