-- The days of every market, as far as its sessions reach; of one that never closes each is a business day.
CREATE VIEW dim_business_day AS
SELECT e.mic, d.date, d.year, d.quarter, d.month, d.iso_week, d.iso_weekday,
    e.mic = '24X7' OR s.date IS NOT NULL AS is_business_day,
    coalesce(s.early_close, false) AS early_close,
    coalesce(s.late_open, false) AS late_open
FROM dim_exchange e
CROSS JOIN dim_date d
LEFT JOIN dim_exchange_session s ON s.mic = e.mic AND s.date = d.date
WHERE e.mic = '24X7' OR d.date BETWEEN (SELECT min(r.date) FROM dim_exchange_session r WHERE r.mic = e.mic)
    AND (SELECT max(r.date) FROM dim_exchange_session r WHERE r.mic = e.mic);

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON dim_business_day TO %I, %I', base_role, market_role);
END
$$;
