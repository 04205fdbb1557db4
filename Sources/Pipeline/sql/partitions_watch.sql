-- Gives partitions of the table of people their triggers for the counts by age.
SELECT userload.watch_partitions()
