"""The statements that decide which row is next, and what the end of one row changes for others."""

from __future__ import annotations

from typing import Final

# A row to send waits for the older versions of its documents; rows that may have left already never wait. The
# destination of a document is that of its row, and for a mail the recipient too: versions follow one another in each
# mailbox.
DUE: Final = """
    SELECT r.id, r.key, r.destination, r.endpoint, r.state, r.patient, r.attempts, r.recipient FROM outbox_row r
    WHERE r.due_at <= :now AND r.destination IN ({names}) AND (r.state <> 'queued' OR NOT EXISTS (
        SELECT 1 FROM outbox_document d
        JOIN outbox_document p ON p.set_id = d.set_id AND p.destination = d.destination AND p.patient = d.patient
            AND p.live = 1 AND (p.version < d.version OR (p.version = d.version AND p.row_id < d.row_id))
        JOIN outbox_row q ON q.id = p.row_id
        WHERE d.row_id = r.id AND q.id <> r.id AND q.dead = 0 AND q.state IN ('queued', 'sending', 'unknown')))
    ORDER BY r.due_at, r.id LIMIT 1"""

# The document to replace is ours and will not leave by itself.
PREDECESSOR_STOPPED: Final = """
    SELECT 1 FROM outbox_document d
    JOIN outbox_document p ON p.unique_id = d.replaces AND p.destination = d.destination AND p.live = 1
    JOIN outbox_row q ON q.id = p.row_id
    WHERE d.row_id = :id AND d.replaces <> ''
        AND (q.state IN ('blocked', 'rejected') OR (q.dead = 1 AND q.state IN ('queued', 'sending', 'unknown')))"""

# A newer version of a document has left for the same place.
OVERTAKEN: Final = """
    SELECT 1 FROM outbox_document d
    JOIN outbox_document n ON n.set_id = d.set_id AND n.destination = d.destination AND n.patient = d.patient
        AND n.live = 1 AND n.version > d.version
    JOIN outbox_row q ON q.id = n.row_id
    WHERE d.row_id = :id AND q.state IN ('sending', 'unknown', 'accepted', 'confirmed')"""

# Every document of the older row has a correction that was found at the DMP.
REPLACE: Final = """
    UPDATE outbox_row SET state = 'replaced', reason = '', dead = 0, due_at = NULL, lease = NULL, updated_at = :now
    WHERE state IN ('accepted', 'confirmed')
        AND id IN (SELECT p.row_id FROM outbox_document d
            JOIN outbox_document p ON p.unique_id = d.replaces AND p.destination = d.destination AND p.live = 1
            WHERE d.row_id = :id AND d.replaces <> '')
        AND NOT EXISTS (SELECT 1 FROM outbox_document o WHERE o.row_id = outbox_row.id AND NOT EXISTS (
            SELECT 1 FROM outbox_document n JOIN outbox_row m ON m.id = n.row_id
            WHERE n.replaces = o.unique_id AND n.destination = o.destination
                AND m.state IN ('confirmed', 'replaced')))"""

RELEASE_SUCCESSORS: Final = """
    UPDATE outbox_row SET state = 'queued', reason = '', due_at = :now, updated_at = :now
    WHERE state = 'blocked' AND reason = 'predecessor' AND id IN (
        SELECT d.row_id FROM outbox_document p
        JOIN outbox_document d ON d.replaces = p.unique_id AND d.destination = p.destination
        WHERE p.row_id = :id)"""
