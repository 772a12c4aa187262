"""The full-text index of all slices; SQLite triggers update it whenever a slice is saved or deleted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection

from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.state.dataset_records import StoredSlice
from coze_client.emulator.state.storage import Storage
from coze_client.emulator.text.ranking import Posting, rank
from coze_client.emulator.text.terms import terms

# an update of the hit count alone does not change the terms
_SCRIPT = f"""
CREATE TABLE IF NOT EXISTS slice_length (slice TEXT PRIMARY KEY, dataset TEXT, length INTEGER);
CREATE INDEX IF NOT EXISTS slice_length_dataset ON slice_length (dataset);
CREATE TABLE IF NOT EXISTS slice_term (term TEXT, slice TEXT, count INTEGER, PRIMARY KEY (term, slice)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS slice_term_slice ON slice_term (slice);

CREATE TEMP TRIGGER slice_saved AFTER INSERT ON main.record WHEN new.kind = '{StoredSlice.KIND}' BEGIN
    INSERT INTO slice_term SELECT key, new.id, value FROM json_each(term_counts(new.body));
    INSERT INTO slice_length
        SELECT new.id, json_extract(new.body, '$.dataset_id'), total(count) FROM slice_term WHERE slice = new.id;
END;
CREATE TEMP TRIGGER slice_deleted AFTER DELETE ON main.record WHEN old.kind = '{StoredSlice.KIND}' BEGIN
    DELETE FROM slice_term WHERE slice = old.id;
    DELETE FROM slice_length WHERE slice = old.id;
END;
CREATE TEMP TRIGGER slice_changed AFTER UPDATE ON main.record WHEN new.kind = '{StoredSlice.KIND}'
    AND json_extract(new.body, '$.text') IS NOT json_extract(old.body, '$.text') BEGIN
    DELETE FROM slice_term WHERE slice = new.id;
    INSERT INTO slice_term SELECT key, new.id, value FROM json_each(term_counts(new.body));
    UPDATE slice_length SET length = (SELECT total(count) FROM slice_term WHERE slice = new.id) WHERE slice = new.id;
END;
"""  # noqa: S608 - the inserted name is a constant
_POSTINGS = """
SELECT term, slice, count, length FROM slice_term JOIN slice_length USING (slice)
WHERE term IN (SELECT value FROM json_each(?)) AND dataset IN (SELECT value FROM json_each(?))
"""
_TOTALS = "SELECT count(*), avg(length) FROM slice_length WHERE dataset IN (SELECT value FROM json_each(?))"


class SliceIndex:
    """The index of one storage, in the same SQLite file; ranks slices with BM25."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        storage.index(_SCRIPT, term_counts=_term_counts)

    def rank(self, dataset_ids: Collection[str], query: str) -> list[tuple[str, float]]:
        """Return ids of the slices that share a term with the query, best first, with scores between 0 and 1."""
        wanted, datasets = set(terms(query)), to_json(list(dataset_ids))
        [(slices, mean_length)] = self._storage.rows(_TOTALS, datasets)
        postings = [Posting(*row) for row in self._storage.rows(_POSTINGS, to_json(list(wanted)), datasets)]
        return rank(wanted, postings, slices, mean_length or 1.0)


def _term_counts(body: str) -> str:
    """Convert the JSON of a slice's record to the JSON of its term counts."""
    return to_json(Counter(terms(json.loads(body)["text"])))
