-- Rights that loading takes and this role lacks, some column at least: by table, in words. $1 schema, $2 table of the
-- people, $3 whether their rows are updated, too.
WITH needed (schema, name, rights) AS (
    VALUES ($1, $2, CASE WHEN $3 THEN '{SELECT,INSERT,UPDATE}' ELSE '{SELECT,INSERT}' END::text[]), ('userload', 'settings', '{SELECT}'),
        ('userload', 'jobs', '{SELECT,INSERT,UPDATE}'), ('userload', 'progress', '{SELECT,INSERT,UPDATE}'),
        ('userload', 'positions', '{SELECT,INSERT,UPDATE}'), ('userload', 'rejects', '{SELECT,INSERT,UPDATE}'),
        ('userload', 'runs', '{SELECT,INSERT,UPDATE}'), ('userload', 'run_jobs', '{SELECT,INSERT,UPDATE}'),
        ('userload', 'age_adjustments', '{SELECT,INSERT}'), ('userload', 'hand_readers', '{SELECT,INSERT,UPDATE}')
)
SELECT string_agg(r.privilege, ', ' ORDER BY r.number), format('%I.%I', n.schema, n.name)
FROM needed AS n JOIN pg_namespace AS s ON s.nspname = n.schema
JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
CROSS JOIN LATERAL unnest(n.rights) WITH ORDINALITY AS r(privilege, number)
WHERE NOT has_any_column_privilege(c.oid, r.privilege)
GROUP BY n.schema, n.name ORDER BY n.schema = 'userload', n.name
