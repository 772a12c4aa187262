"""What the emulator keeps: records in SQLite, and the counters of a run."""
