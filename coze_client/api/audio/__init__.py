"""Audio: speech, transcriptions, voices, rooms, live sound and voiceprints."""
