-- The newest run of each label and host, the latest first; of a push that told no run, its newest job. $1 how many at most, $2 how
-- many of a label: the newest of each label come before the second ones.
-- Label, host, milliseconds since 1970, files, jobs known, jobs completed, rejects of jobs of which not all were told, those of
-- them fixed since, states of the jobs that are not completed, how many such runs there are.
WITH newest_runs AS (
    SELECT DISTINCT ON (label, host) label, host, id, files, sent_at AS at
    FROM userload.runs WHERE label IS NOT NULL ORDER BY label, host, sent_at DESC
), newest_jobs AS (
    SELECT DISTINCT ON (j.label, j.host) j.label, j.host, j.id, coalesce(j.run_at, j.first_seen_at) AS at
    FROM userload.jobs AS j
    WHERE j.label IS NOT NULL AND NOT EXISTS (
        SELECT FROM newest_runs AS r WHERE r.label = j.label AND r.host IS NOT DISTINCT FROM j.host)
    ORDER BY j.label, j.host, coalesce(j.run_at, j.first_seen_at) DESC
), newest AS (
    SELECT *, row_number() OVER (PARTITION BY label ORDER BY at DESC, host) AS place, count(*) OVER () AS runs
    FROM (
        SELECT label, host, at, files, id AS run, NULL::uuid AS job FROM newest_runs
        UNION ALL
        SELECT label, host, at, 1, NULL, id FROM newest_jobs
    ) AS newest
), listed AS (
    SELECT label, host, at, files, runs,
        CASE WHEN run IS NULL THEN ARRAY[job] ELSE ARRAY(SELECT r.job FROM userload.run_jobs AS r WHERE r.run = n.run) END
            AS jobs
    FROM (SELECT * FROM newest WHERE place <= $2 ORDER BY place, at DESC LIMIT $1) AS n
)
SELECT n.label, n.host, extract(epoch FROM n.at) * 1000, n.files, count(s.id),
    count(*) FILTER (WHERE s.state = 'completed'),
    coalesce(sum(s.rejected) FILTER (WHERE s.rejected > s.told_rejects AND s.rejected > s.fixed), 0),
    coalesce(sum(s.fixed) FILTER (WHERE s.rejected > s.told_rejects AND s.rejected > s.fixed), 0),
    string_agg(DISTINCT s.state, ', ') FILTER (WHERE s.state <> 'completed'), n.runs
FROM listed AS n LEFT JOIN userload.job_status AS s ON s.id = ANY (n.jobs)
GROUP BY n.label, n.host, n.at, n.files, n.runs ORDER BY n.at DESC, n.label, n.host
