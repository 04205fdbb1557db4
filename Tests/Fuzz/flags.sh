# The build of the fuzz targets: optimised, with libFuzzer and the address sanitizer. Sourced by Tests/Fuzz/run and by
# Tests/Sanitizers/run, whose tests run in the same build.
# shellcheck shell=bash disable=SC2034,SC2054 # what is set here is used there; commas are the options' own
fuzz_build=.build/fuzz
# Counters for libFuzzer everywhere, by the compiler's front end; libFuzzer itself, with its main, is linked to `Fuzz` alone
# (Package.swift). lld: gold, the default, cannot link the address sanitizer's runtime.
fuzz_flags=(
    -c release -Xswiftc -sanitize=address -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing
    -Xswiftc -use-ld=lld
)
export USERLOAD_UNITS=1
