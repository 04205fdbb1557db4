// libzstd, for the Files target, its only importer.
#pragma once
#include <zstd.h>
#include <zstd_errors.h>
