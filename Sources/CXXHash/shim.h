// XXH3 from libxxhash, for the Records target, its only importer.
#pragma once
#include <xxhash.h>
