-- Counts of people by age in constant time, true in every snapshot whoever writes. userload counts its rows in the
-- positions it moves anyway; rows of others carry no job, and a partial index has just them; what others do to rows
-- of userload is noted by the statement triggers here. There is none for INSERT, which would cost every COPY.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -v users=public.users -f 0002_age_counts.sql

CREATE FUNCTION userload.add_ages(bigint[], bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(a + b ORDER BY i) FROM unnest($1, $2) WITH ORDINALITY AS t(a, b, i);
END;
COMMENT ON FUNCTION userload.add_ages IS 'sum of two lists of counts, element by element';

-- Appended to, never updated: a counter row would make writers of users wait for, and deadlock with, each other.
CREATE TABLE userload.age_adjustments (
    id bigint GENERATED ALWAYS AS IDENTITY,
    age integer NOT NULL,
    delta bigint NOT NULL
);
COMMENT ON TABLE userload.age_adjustments IS 'what others changed about rows that userload had counted; see the view age_counts';

-- Rights: whoever may write users needs none here.
CREATE FUNCTION userload.note_users_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    crowded boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        WITH noted AS (
            INSERT INTO userload.age_adjustments (age, delta)
            SELECT o.age, -count(*) FROM old_rows AS o WHERE o.job IS NOT NULL GROUP BY o.age
            RETURNING id)
        SELECT bool_or(id % 256 = 0) INTO crowded FROM noted;
    ELSE
        WITH noted AS (
            INSERT INTO userload.age_adjustments (age, delta)
            SELECT c.age, sum(c.delta)
            FROM (SELECT o.age, -1 AS delta FROM old_rows AS o WHERE o.job IS NOT NULL
                  UNION ALL
                  SELECT n.age, 1 FROM new_rows AS n WHERE n.job IS NOT NULL) AS c
            GROUP BY c.age HAVING sum(c.delta) <> 0
            RETURNING id)
        SELECT bool_or(id % 256 = 0) INTO crowded FROM noted;
    END IF;
    -- Now and then, fold the rows into one an age. One writer at a time, nobody waits for it; and only where a fresh
    -- snapshot makes sure that the rows were not folded already, which would fail with 40001 in a stricter transaction.
    IF crowded AND current_setting('transaction_isolation') = 'read committed'
        AND pg_try_advisory_xact_lock('userload.age_adjustments'::regclass::oid::bigint)
    THEN
        WITH folded AS (DELETE FROM userload.age_adjustments RETURNING age, delta)
        INSERT INTO userload.age_adjustments (age, delta)
        SELECT age, sum(delta) FROM folded GROUP BY age HAVING sum(delta) <> 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION userload.note_users_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- An older snapshot than TRUNCATE itself sees would count from figures of yesterday.
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'TRUNCATE of % needs a transaction of isolation level read committed', TG_RELID::regclass
            USING ERRCODE = 'feature_not_supported',
                HINT = 'userload counts its rows by age, and could not see all of them here.';
    END IF;
    INSERT INTO userload.age_adjustments (age, delta)
    SELECT c.age, -sum(c.count)
    FROM (SELECT (a.place - 1)::integer AS age, a.count
          FROM userload.positions AS p, unnest(p.ages) WITH ORDINALITY AS a(count, place)
          UNION ALL
          SELECT age, delta FROM userload.age_adjustments) AS c
    GROUP BY c.age HAVING sum(c.count) <> 0;
    RETURN NULL;
END
$$;

-- Whoever clears away the positions of a topic long gone leaves the rows that came from it.
CREATE FUNCTION userload.note_positions_delete() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO userload.age_adjustments (age, delta)
    SELECT a.place - 1, sum(a.count)
    FROM old_rows AS o, unnest(o.ages) WITH ORDINALITY AS a(count, place)
    GROUP BY a.place HAVING sum(a.count) <> 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER userload_deleted AFTER DELETE ON :users
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION userload.note_users_change();
CREATE TRIGGER userload_updated AFTER UPDATE ON :users
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION userload.note_users_change();
CREATE TRIGGER userload_truncated AFTER TRUNCATE ON :users
    FOR EACH STATEMENT EXECUTE FUNCTION userload.note_users_truncate();
CREATE TRIGGER positions_deleted AFTER DELETE ON userload.positions
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION userload.note_positions_delete();

CREATE VIEW userload.age_counts AS
SELECT c.age, sum(c.count)::bigint AS count
FROM (SELECT (a.place - 1)::integer AS age, a.count
      FROM userload.positions AS p, unnest(p.ages) WITH ORDINALITY AS a(count, place)
      UNION ALL
      SELECT age, delta FROM userload.age_adjustments
      UNION ALL
      SELECT age, count(*) FROM :users WHERE job IS NULL GROUP BY age) AS c
GROUP BY c.age
HAVING sum(c.count) <> 0
ORDER BY c.age;
COMMENT ON VIEW userload.age_counts IS 'people by age: equal to SELECT age, count(*) … GROUP BY age, without reading the table';

-- The first bound belongs to the group above it, every other to the one below: < 20, 20 to 40, 40 to 60, > 60 holds
-- 40 in the second and 60 in the third. One bound alone makes two groups, < 20 and >= 20.
CREATE FUNCTION userload.age_groups(bounds integer[])
    RETURNS TABLE (place integer, label text, count bigint, percent numeric)
    LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    WITH groups AS (
        SELECT n, cardinality(bounds) AS last, bounds[n - 1] AS lower, bounds[n] AS upper
        FROM generate_series(1, cardinality(bounds) + 1) AS n
    ), counted AS (
        SELECT g.*, coalesce(sum(a.count), 0)::bigint AS people
        FROM groups AS g LEFT JOIN userload.age_counts AS a
            ON (g.n = 1 OR a.age > g.lower OR (g.n = 2 AND a.age = g.lower))
            AND (g.n > g.last OR a.age < g.upper OR (g.n > 1 AND a.age = g.upper))
        GROUP BY g.n, g.last, g.lower, g.upper
    )
    SELECT n,
        CASE WHEN n = 1 THEN '< ' || upper
             WHEN n <= last THEN lower || ' to ' || upper
             WHEN n = 2 THEN '>= ' || lower
             ELSE '> ' || lower END,
        people,
        round(coalesce(100.0 * people / nullif(sum(people) OVER (), 0), 0), 1)
    FROM counted ORDER BY n;
END;
COMMENT ON FUNCTION userload.age_groups IS 'people by groups of age: SELECT * FROM userload.age_groups(''{18,30,50}'')';

CREATE VIEW userload.age_groups AS
SELECT label, count, percent FROM userload.age_groups('{20,40,60}') ORDER BY place;
COMMENT ON VIEW userload.age_groups IS 'what userload stats shows: 40 belongs to the second group, 60 to the third';

UPDATE userload.settings SET schema_version = 2, revision = revision + 1;
