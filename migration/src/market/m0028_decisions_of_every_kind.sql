-- Every kind of held row can be accepted, rejected and repaired. Facts that were decided by hand are marked as such, and no delivery
-- overwrites them. F: final. E: estimated, accepted or repaired by hand.
ALTER TABLE fact_corporate_action ADD COLUMN status text NOT NULL DEFAULT 'F' CHECK (status IN ('F', 'E'));
ALTER TABLE fact_corporate_action_revision ADD COLUMN status text NOT NULL DEFAULT 'F';
ALTER TABLE fact_market_indicator ADD COLUMN status text NOT NULL DEFAULT 'F' CHECK (status IN ('F', 'E'));
ALTER TABLE meta_indicator_revision ADD COLUMN status text NOT NULL DEFAULT 'F';

ALTER TABLE stg_held_row
    -- The series, of an indicator that is known.
    ADD COLUMN code text,
    -- What the decision stores, by name: what one number does not say.
    ADD COLUMN decided jsonb,
    DROP CONSTRAINT stg_held_row_check1,
    ADD CONSTRAINT stg_held_row_decided CHECK ((state IN ('ACCEPTED', 'REPAIRED')) = (num_nonnulls(decided_value, decided) > 0));

-- Indicators and headlines that were held before wait for a decision too.
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, code, date, value, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'indicators', s.provider, s.run_id, s.line, l.started_at, s.run_id,
    jsonb_build_object('code', s.code, 'date', s.date, 'value', s.value), ARRAY[q.finding], q.detail, i.code, s.read_date, s.read_value,
    'OPEN'
FROM meta_data_quality q
JOIN meta_refresh_log l ON l.id = q.run_id
JOIN stg_market_data s ON s.run_id = q.run_id AND s.line = q.line
LEFT JOIN dim_market_indicator i ON i.code = s.code
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'indicators', s.provider, s.code, s.date, s.value))::uuid AS id) keyed
WHERE q.dataset = 'indicators'
ORDER BY keyed.id, l.started_at, s.run_id, s.line;

INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'news', s.provider, s.run_id, s.line, l.started_at, s.run_id,
    jsonb_build_object('guid', s.guid, 'headline', s.headline, 'summary', s.summary, 'url', s.url, 'published', s.published,
        'symbols', s.symbols),
    ARRAY[q.finding], q.detail, 'OPEN'
FROM meta_data_quality q
JOIN meta_refresh_log l ON l.id = q.run_id
JOIN stg_financial_news s ON s.run_id = q.run_id AND s.line = q.line
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'news', s.provider, s.guid, s.headline, s.summary, s.url, s.published, s.symbols))::uuid
    AS id) keyed
WHERE q.dataset = 'news'
ORDER BY keyed.id, l.started_at, s.run_id, s.line;
