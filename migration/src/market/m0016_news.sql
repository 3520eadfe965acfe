-- Headlines, each once, whoever delivers it again.
ALTER TABLE stg_financial_news
    ADD COLUMN guid text,
    ADD COLUMN summary text;

CREATE TABLE fact_news (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    -- The provider's own id of the entry; where it gives none, the key of its address or of its headline.
    guid text NOT NULL,
    headline text NOT NULL CHECK (headline <> ''),
    summary text NOT NULL,
    url text CHECK (url ~* '^https?://'),
    published_at timestamptz NOT NULL,
    fetched_at timestamptz NOT NULL,
    -- What the same piece of news has wherever it is delivered.
    url_key text,
    headline_key text NOT NULL,
    UNIQUE (provider, guid)
);
CREATE UNIQUE INDEX fact_news_url ON fact_news (url_key) WHERE url_key IS NOT NULL;
CREATE INDEX fact_news_headline ON fact_news (headline_key);

CREATE TABLE fact_news_instrument (
    instrument_id uuid NOT NULL REFERENCES dim_stock (id),
    news_id uuid NOT NULL REFERENCES fact_news (id),
    -- How it was recognised: named by the feed, or in the text.
    match text NOT NULL CHECK (match IN ('FEED', 'CASHTAG', 'LISTING', 'TICKER', 'ISIN')),
    -- As of the news, so that a page is read from one index.
    published_at timestamptz NOT NULL,
    PRIMARY KEY (instrument_id, published_at, news_id)
);
CREATE INDEX fact_news_instrument_news ON fact_news_instrument (news_id);

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON fact_news, fact_news_instrument TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON fact_news, fact_news_instrument TO %I', market_role);
END
$$;
