-- What of the table of people bears on loading: whether row security applies to this role, and triggers that are not
-- userload's own. $1 schema, $2 table
SELECT row_security_active(c.oid),
    (SELECT string_agg(t.tgname, ', ' ORDER BY t.tgname) FROM pg_trigger AS t
     WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname NOT LIKE 'userload\_%')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2
