-- The audit log as a chain: each entry holds the hash of the one before it. The database encodes, hashes and numbers what it
-- stores (docs/audit.md has the encoding), so that no caller can store one thing and have another hashed. The realm's own role
-- adds entries by `audit_append` and in no other way.
CREATE TEMP TABLE audit_before_chain ON COMMIT DROP AS SELECT * FROM audit_log;
DROP TABLE audit_log;

CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL UNIQUE,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    behalf_of uuid,
    -- What is no person's: the name of a command or a job. A person's stands in `audit_personal`.
    actor_name text,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id text,
    before jsonb,
    after jsonb,
    request_id text,
    -- Of each personal value, by where it belongs, the SHA-256 of its salt and itself.
    personal jsonb
);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id);
CREATE INDEX audit_log_entity ON audit_log (entity_id, id);
CREATE INDEX audit_log_at ON audit_log (at);

-- Erased by deleting the row: without the salt the log's commitment tells nothing.
CREATE TABLE audit_personal (
    entry_id uuid NOT NULL,
    field text NOT NULL,
    person_id uuid,
    salt bytea NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (entry_id, field)
);
CREATE INDEX audit_personal_person ON audit_personal (person_id);
CREATE INDEX audit_personal_value ON audit_personal (lower(value)) WHERE field = '/actor' AND person_id IS NULL;

-- Where the chain ends. Locked by whoever appends, just before they commit, so that they wait for each other no longer than that.
CREATE TABLE audit_head (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    log text NOT NULL,
    sequence bigint NOT NULL,
    hash bytea NOT NULL
);

-- What was signed of the chain: shipped elsewhere, it shows what the owner of the database does to it.
CREATE TABLE audit_checkpoint (
    sequence bigint PRIMARY KEY,
    hash bytea NOT NULL,
    at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
);

-- JSON in one spelling: members by the bytes of their names, no blanks, numbers only where every reader has them exactly; others
-- are strings of their digits.
CREATE FUNCTION audit_canonical(given jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    number numeric;
BEGIN
    CASE jsonb_typeof(given)
    WHEN 'object' THEN
        RETURN '{' || coalesce((
            SELECT string_agg(to_json(m.key)::text || ':' || audit_canonical(m.value), ',' ORDER BY m.key COLLATE "C")
            FROM jsonb_each(given) AS m
        ), '') || '}';
    WHEN 'array' THEN
        RETURN '[' || coalesce((
            SELECT string_agg(audit_canonical(m.value), ',' ORDER BY m.ordinality)
            FROM jsonb_array_elements(given) WITH ORDINALITY AS m
        ), '') || ']';
    WHEN 'number' THEN
        number := given::text::numeric;
        IF scale(number) = 0 AND abs(number) <= 9007199254740991 THEN
            RETURN number::text;
        END IF;
        RETURN '"' || number::text || '"';
    ELSE
        RETURN given::text;
    END CASE;
END
$$;

-- One field: whether it is there, how long it is, and its bytes.
CREATE FUNCTION audit_field(given bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN given IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea || int4send(length(given)) || given END
$$;

DO $$
DECLARE
    realm text := current_schema();
    realm_role text := CASE WHEN current_schema() = 'platform'
        THEN format('pa_%s_platform', current_setting('installation.tag')) ELSE current_schema() END;
    log_name text := CASE WHEN current_schema() = 'platform'
        THEN format('platform.%s', current_setting('installation.tag')) ELSE current_schema() END;
    old jsonb;
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION audit_append(entries jsonb) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = %1$I, pg_temp AS $body$
        DECLARE
            head audit_head%%ROWTYPE;
            entry jsonb;
            given jsonb;
            sealed audit_log%%ROWTYPE;
            salt bytea;
            before_text text;
            after_text text;
            personal_text text;
        BEGIN
            SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
            FOR entry IN SELECT value FROM jsonb_array_elements(entries) LOOP
                sealed.id := (entry ->> 'id')::uuid;
                sealed.sequence := head.sequence + 1;
                sealed.previous := head.hash;
                sealed.at := (entry ->> 'at')::timestamptz;
                sealed.actor_id := (entry ->> 'actorId')::uuid;
                sealed.behalf_of := (entry ->> 'behalfOf')::uuid;
                sealed.actor_name := entry ->> 'actorName';
                sealed.action := entry ->> 'action';
                sealed.entity_type := entry ->> 'entityType';
                sealed.entity_id := entry ->> 'entityId';
                sealed.request_id := entry ->> 'requestId';
                before_text := audit_canonical(nullif(entry -> 'before', 'null'));
                after_text := audit_canonical(nullif(entry -> 'after', 'null'));
                sealed.before := before_text::jsonb;
                sealed.after := after_text::jsonb;
                sealed.personal := NULL;
                FOR given IN SELECT value FROM jsonb_array_elements(entry -> 'personal') LOOP
                    salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
                    INSERT INTO audit_personal (entry_id, field, person_id, salt, value)
                    VALUES (sealed.id, given ->> 'field', (given ->> 'person')::uuid, salt, given ->> 'value');
                    sealed.personal := coalesce(sealed.personal, '{}') || jsonb_build_object(
                        given ->> 'field', encode(sha256(salt || convert_to(given ->> 'value', 'UTF8')), 'hex')
                    );
                END LOOP;
                personal_text := audit_canonical(sealed.personal);
                sealed.hash := sha256(
                    convert_to('portfolio-analyzer audit link 1', 'UTF8') || '\x00'::bytea || sealed.previous || int8send(sealed.sequence)
                    || sha256(
                        convert_to('portfolio-analyzer audit entry 1', 'UTF8') || '\x00'::bytea
                        || audit_field(uuid_send(sealed.id))
                        || audit_field(int8send((extract(epoch FROM sealed.at) * 1000000)::bigint))
                        || audit_field(uuid_send(sealed.actor_id))
                        || audit_field(uuid_send(sealed.behalf_of))
                        || audit_field(convert_to(sealed.actor_name, 'UTF8'))
                        || audit_field(convert_to(sealed.action, 'UTF8'))
                        || audit_field(convert_to(sealed.entity_type, 'UTF8'))
                        || audit_field(convert_to(sealed.entity_id, 'UTF8'))
                        || audit_field(convert_to(before_text, 'UTF8'))
                        || audit_field(convert_to(after_text, 'UTF8'))
                        || audit_field(convert_to(sealed.request_id, 'UTF8'))
                        || audit_field(convert_to(personal_text, 'UTF8'))
                    )
                );
                INSERT INTO audit_log (id, sequence, previous, hash, at, actor_id, behalf_of, actor_name, action, entity_type,
                    entity_id, before, after, request_id, personal)
                VALUES (sealed.id, sealed.sequence, sealed.previous, sealed.hash, sealed.at, sealed.actor_id, sealed.behalf_of, sealed.actor_name,
                    sealed.action, sealed.entity_type, sealed.entity_id, sealed.before, sealed.after, sealed.request_id, sealed.personal);
                head.sequence := sealed.sequence;
                head.hash := sealed.hash;
            END LOOP;
            UPDATE audit_head SET sequence = head.sequence, hash = head.hash;
            RETURN head.sequence;
        END
        $body$
    $sql$, realm);
    -- Deletes the personal values of one person: their own, and those of nobody who is known that name their address: of attempts to
    -- log in, and of invitations.
    EXECUTE format($sql$
        CREATE FUNCTION audit_personal_erase(person uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = %1$I, pg_temp AS $body$
        DECLARE
            erased bigint;
        BEGIN
            WITH names AS (
                SELECT lower(p.value) AS value FROM audit_personal p WHERE p.person_id = person AND p.field = '/actor'
                UNION SELECT lower(u.email) FROM dim_user u WHERE u.id = person
            ), nobodys AS (
                SELECT p.entry_id, p.field, p.value FROM audit_personal p
                WHERE p.person_id IS NULL OR NOT EXISTS (SELECT FROM dim_user u WHERE u.id = p.person_id)
            ), tried AS (
                SELECT o.entry_id FROM nobodys o JOIN names n ON lower(o.value) = n.value
                WHERE o.field IN ('/actor', '/before/email', '/after/email')
            ), gone AS (
                DELETE FROM audit_personal p
                WHERE p.person_id = person OR (p.entry_id, p.field) IN (
                    SELECT o.entry_id, o.field FROM nobodys o WHERE o.entry_id IN (SELECT t.entry_id FROM tried t)
                )
                RETURNING 1
            )
            SELECT count(*) INTO erased FROM gone;
            RETURN erased;
        END
        $body$
    $sql$, realm);
    -- Only of what the chain holds can a checkpoint be kept; the first one of a place stays.
    EXECUTE format($sql$
        CREATE FUNCTION audit_checkpoint_keep(of bigint, of_hash bytea, made timestamptz, key text, signed bytea) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
        BEGIN
            IF NOT EXISTS (SELECT FROM audit_log l WHERE l.sequence = of AND l.hash = of_hash) THEN
                RAISE check_violation USING MESSAGE = 'the audit log has no such entry';
            END IF;
            INSERT INTO audit_checkpoint (sequence, hash, at, key_id, signature) VALUES (of, of_hash, made, key, signed)
            ON CONFLICT (sequence) DO NOTHING;
            RETURN FOUND;
        END
        $body$
    $sql$, realm);

    EXECUTE format('INSERT INTO audit_head (log, sequence, hash) VALUES (%L, 0, %L)', log_name,
        sha256(convert_to('portfolio-analyzer audit log 1', 'UTF8') || '\x00'::bytea || convert_to(log_name, 'UTF8')));

    -- What was written before there was a chain is sealed as it stands now, in the order of its time; the head is moved once a
    -- thousand.
    FOR old IN
        SELECT jsonb_agg(e.entry ORDER BY e.place) FROM (
            SELECT row_number() OVER (ORDER BY b.at, b.id) AS place, jsonb_build_object(
                'id', b.id, 'at', b.at, 'actorId', b.actor_id, 'action', b.action, 'entityType', b.entity_type,
                'entityId', b.entity_id, 'requestId', b.request_id,
                'actorName', CASE WHEN NOT named.is_person THEN b.actor_name END,
                'before', CASE WHEN of_person.before THEN b.before - 'email' - 'name' ELSE b.before END,
                'after', CASE WHEN of_person.after THEN b.after - 'email' - 'name' ELSE b.after END,
                'personal', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('field', v.field, 'person', v.person, 'value', v.value)), '[]')
                    FROM (VALUES
                        ('/actor', b.actor_id::text, CASE WHEN named.is_person THEN b.actor_name END),
                        ('/address', nullif(b.actor_id, '00000000-0000-0000-0000-000000000000')::text, b.address),
                        ('/before/email', b.entity_id, CASE WHEN of_person.before THEN b.before ->> 'email' END),
                        ('/before/name', b.entity_id, CASE WHEN of_person.before THEN b.before ->> 'name' END),
                        ('/after/email', b.entity_id, CASE WHEN of_person.after THEN b.after ->> 'email' END),
                        ('/after/name', b.entity_id, CASE WHEN of_person.after THEN b.after ->> 'name' END)
                    ) AS v (field, person, value)
                    WHERE v.value IS NOT NULL
                )
            ) AS entry
            FROM audit_before_chain b
            CROSS JOIN LATERAL (SELECT b.action = 'loginFailed' OR (b.actor_id IS NOT NULL
                AND b.actor_id <> '00000000-0000-0000-0000-000000000000') AS is_person) named
            CROSS JOIN LATERAL (SELECT b.entity_type = 'User' AND jsonb_typeof(b.before) = 'object' AS before,
                b.entity_type = 'User' AND jsonb_typeof(b.after) = 'object' AS after) of_person
        ) e
        GROUP BY (e.place - 1) / 1000 ORDER BY (e.place - 1) / 1000
    LOOP
        PERFORM audit_append(old);
    END LOOP;

    EXECUTE format('REVOKE EXECUTE ON FUNCTION audit_canonical(jsonb), audit_field(bytea), audit_append(jsonb), '
        'audit_personal_erase(uuid), audit_checkpoint_keep(bigint, bytea, timestamptz, text, bytea) FROM PUBLIC');
    EXECUTE format('GRANT EXECUTE ON FUNCTION audit_append(jsonb), audit_personal_erase(uuid), '
        'audit_checkpoint_keep(bigint, bytea, timestamptz, text, bytea) TO %I', realm_role);
    EXECUTE format('GRANT SELECT ON audit_log, audit_personal, audit_head, audit_checkpoint TO %I', realm_role);
END
$$;
