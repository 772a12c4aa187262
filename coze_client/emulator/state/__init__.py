"""The state of the emulator: records in SQLite, the running chats and workflows, counters and recorded calls."""
