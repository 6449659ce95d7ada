-- 0010_add_xferd.sql: what xferd's keep needs beyond the core tables.
--
-- Why:        claiming walks the due zones in the order of their urgency, so
--             the index begins with the priority; one on the time alone would
--             sort all that is due at each claim.
-- Locks:      SHARE on zone_timer while the index is built.
-- Works with: every program from the first release on.
-- Undo:       CREATE INDEX zone_timer_due_at_ix ON zone_timer (due_at); drop
--             the new one.

CREATE INDEX zone_timer_priority_due_at_ix ON zone_timer (priority, due_at);
COMMENT ON INDEX zone_timer_priority_due_at_ix IS
    'for claiming what is due, most urgent first';
DROP INDEX zone_timer_due_at_ix;
