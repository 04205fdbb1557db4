-- $1 jobs. Their rows stay, as do progress and positions: were the topic read again, they keep it from being applied anew.
UPDATE userload.jobs SET header = NULL, options = NULL
WHERE id = ANY ($1::uuid[]) AND (header IS NOT NULL OR options IS NOT NULL)
