-- Rows inserted of ages that a trigger took out of 0 to 150. $1 ages, $2 counts
INSERT INTO userload.age_adjustments (age, delta) SELECT * FROM unnest($1::integer[], $2::bigint[])
