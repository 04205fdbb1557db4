-- Rows of a job that other jobs updated: who, and whose they are now. $1 job, $2 how many.
SELECT u.name, u.age, coalesce(left(j.id_text, 8), u.updated_by::text)
FROM :users AS u LEFT JOIN userload.jobs AS j ON j.id = u.updated_by
WHERE u.job = $1 AND u.updated_by <> $1
ORDER BY u.age, u.name LIMIT $2
