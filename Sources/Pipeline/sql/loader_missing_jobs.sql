-- Those of the jobs $1 that have no row
SELECT s.id FROM unnest($1::uuid[]) AS s(id) WHERE NOT EXISTS (SELECT FROM userload.jobs AS j WHERE j.id = s.id)
