-- How many partitions of the table of people have no triggers for the counts by age.
SELECT count(*) FROM userload.unwatched_partitions()
