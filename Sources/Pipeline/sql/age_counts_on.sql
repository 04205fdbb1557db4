-- Counts people by age as rows come and go, after age_counts_off.sql. Batches are kept out by the lock that migrate holds, all
-- others by that on the table: nothing changes between the look at the rows and the first change that is noted.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -v users=public.users -f age_counts_on.sql
CREATE OR REPLACE VIEW userload.age_counts AS
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
LOCK TABLE :users IN SHARE ROW EXCLUSIVE MODE;
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
UPDATE userload.settings SET age_counts = true, revision = revision + 1;
SELECT userload.watch_partitions();
-- What positions counted is of the time before.
UPDATE userload.positions SET ages = DEFAULT;
DELETE FROM userload.age_adjustments;
INSERT INTO userload.age_adjustments (age, delta) SELECT age, count(*) FROM :users WHERE job IS NOT NULL GROUP BY age;
