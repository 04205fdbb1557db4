// getopt_long, which Swift's Glibc module leaves out, for the CommandLineOptions target, its only importer.
#pragma once
#include <getopt.h>
