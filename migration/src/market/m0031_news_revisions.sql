-- What a provider corrects of a headline takes its place; what stood there is kept.
ALTER TABLE fact_news ADD COLUMN corrected_at timestamptz;
CREATE TABLE meta_news_revision (
    news_id uuid NOT NULL REFERENCES fact_news (id),
    superseded_at timestamptz NOT NULL,
    headline text NOT NULL,
    summary text NOT NULL,
    PRIMARY KEY (news_id, superseded_at)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT ON meta_news_revision TO %I', format('pa_%s_base', current_setting('installation.tag')));
    EXECUTE format('GRANT SELECT, INSERT ON meta_news_revision TO %I', format('pa_%s_market', current_setting('installation.tag')));
END
$$;
