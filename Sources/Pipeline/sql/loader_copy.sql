-- The rows of a batch, in COPY's binary format.
--   psql -v users=public.users -f loader_copy.sql < rows
COPY :users (name, age, email, phone_number, address, additional_info, job) FROM STDIN (FORMAT binary)
