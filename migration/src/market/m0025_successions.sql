-- What became of an instrument, and when: it was merged into another, another was spun off from it, or it goes on as another.
CREATE TABLE dim_succession (
    id uuid PRIMARY KEY,
    predecessor_id uuid NOT NULL REFERENCES dim_stock (id),
    successor_id uuid NOT NULL REFERENCES dim_stock (id),
    kind text NOT NULL CHECK (kind IN ('MERGER', 'SPIN_OFF', 'RENAME')),
    effective_on date NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT a_successor_is_another CHECK (predecessor_id <> successor_id)
);
-- Between two instruments there is one fact a day, and not one each way.
CREATE UNIQUE INDEX dim_succession_pair
    ON dim_succession (least(predecessor_id, successor_id), greatest(predecessor_id, successor_id), effective_on);
CREATE INDEX dim_succession_predecessor ON dim_succession (predecessor_id);
CREATE INDEX dim_succession_successor ON dim_succession (successor_id);

DO $$
DECLARE
    base_role text := format('pa_%s_base', current_setting('installation.tag'));
    market_role text := format('pa_%s_market', current_setting('installation.tag'));
BEGIN
    EXECUTE format('GRANT SELECT ON dim_succession TO %I', base_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON dim_succession TO %I', market_role);
END
$$;
