// What glibc has and Swift's Glibc module, which is read without _GNU_SOURCE, leaves out.
#pragma once
#include <spawn.h>
#include <stddef.h>

int wcwidth(wchar_t);
int renameat2(int, const char *, int, const char *, unsigned int);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
