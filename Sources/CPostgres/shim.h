// libpq's C interface for the Postgres target, its only importer.
#pragma once
#include <libpq-fe.h>
