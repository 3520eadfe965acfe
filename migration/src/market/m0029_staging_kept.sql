-- What was staged is deleted some time after its run; from when on nothing of a run is left that anybody waits for.
ALTER TABLE meta_refresh_log ADD COLUMN cleared_at timestamptz;
CREATE INDEX meta_refresh_log_staged ON meta_refresh_log (id) WHERE cleared_at IS NULL;
