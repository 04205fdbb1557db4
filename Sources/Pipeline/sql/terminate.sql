-- Ends the session of process $1, which a stopped client would hold for ever.
SELECT pg_terminate_backend($1)
