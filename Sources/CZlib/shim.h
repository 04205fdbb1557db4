// zlib, for the Files target, its only importer.
#pragma once
#include <zlib.h>

// `inflateInit2` is a macro, which Swift does not see. 15 is the largest window; 16 says gzip, not zlib.
static inline int zlib_inflate_init_gzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
