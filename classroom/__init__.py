"""Rooms in which a class votes on questions together: their database, what a teacher may do when, tallies and exports."""
