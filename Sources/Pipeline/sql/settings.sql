-- What this database is to userload. Before version 10 there is no age_counts.
SELECT schema_version, revision, users_schema, users_table, array_to_string(key_fields, ','),
    coalesce((to_jsonb(s) ->> 'age_counts')::boolean, true)
FROM userload.settings AS s
