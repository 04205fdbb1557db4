# The build of the fuzz targets: optimised, with libFuzzer and the address sanitizer. Sourced by Tests/Fuzz/run and by
# Tests/Sanitizers/run, whose tests run in the same build.
# shellcheck shell=bash disable=SC2034 # what is set here is used there
fuzz_build=.build/fuzz
# lld: gold, the default, cannot link the address sanitizer's runtime.
fuzz_flags=(-c release -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing -Xswiftc -use-ld=lld)
export USERLOAD_FUZZ=1 USERLOAD_UNITS=1
