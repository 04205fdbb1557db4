-- $1 bounds, ascending
SELECT label, count, percent FROM userload.age_groups($1::integer[]) ORDER BY place
