CREATE SCHEMA IF NOT EXISTS platform;
CREATE TABLE IF NOT EXISTS platform.schema_version (
    schema_name text NOT NULL,
    name text NOT NULL,
    position integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schema_name, name)
);
CREATE TABLE IF NOT EXISTS platform.installation (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    tag text NOT NULL CHECK (tag ~ '^[a-z0-9]{6,12}$'),
    is_demo boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
