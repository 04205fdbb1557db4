-- $1 name, $2 age. When the rows had come.
DELETE FROM :users WHERE name = $1 AND age = $2::integer RETURNING extract(epoch FROM created_at) * 1000
