// What `doctor` looks at on this host: the folder of the journal and the room on its disk.

import CommandLineOptions
import FileNames
import Foundation
import Glibc

/// What is known of the folder that push keeps its journal in.
struct StateDirectory: Equatable {
    /// nil: no variable says where it is.
    var path: String?
    /// It, or the first folder above it that exists.
    var existing = ""
    var exists = false
    var isWritable = false
    /// Bytes that we may still write, and entries that may still be made; nil: it could not be told.
    var freeBytes: UInt64?
    var freeEntries: UInt64?

    init() {}

    init(path: String?) {
        guard let path else { return }
        self.path = path
        existing = path
        while access(existing), existing != "/", existing != "." {
            existing = (existing as NSString).deletingLastPathComponent
            if existing.isEmpty { existing = "." }
        }
        exists = existing == path
        isWritable = withFileName(existing) { Glibc.access($0, W_OK | X_OK) == 0 }
        var disk = statvfs()
        if withFileName(existing, { statvfs($0, &disk) }) == 0 {
            freeBytes = UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize)).partialValue
            // Some file systems do not count them.
            freeEntries = disk.f_files == 0 ? nil : UInt64(disk.f_favail)
        }
    }

    /// Whether it is missing.
    private func access(_ path: String) -> Bool { withFileName(path) { Glibc.access($0, F_OK) != 0 } }
}

/// A journal of many jobs takes megabytes; what else the disk is for needs more.
private let leastBytes: UInt64 = 100 << 20
private let leastEntries: UInt64 = 1_000

func hostFindings(_ state: StateDirectory) -> [Finding] {
    let name = "state directory"
    guard let path = state.path else {
        return [.warn(name, "none: a push that is interrupted starts over", "set USERLOAD_STATE_DIR")]
    }
    guard state.isWritable else {
        let text = state.exists ? "\(path) may not be written to" : "\(path) cannot be created in \(state.existing)"
        return [.fail(name, text, "let this user write there, or set USERLOAD_STATE_DIR to another folder")]
    }
    var findings = [Finding.ok(name, state.exists ? path : "\(path), created by the first push")]
    if let free = state.freeBytes, free < leastBytes {
        findings.append(
            .fail(
                "disk", "\(sizeText(free)) left at \(state.existing)", "make room: df -h \(shellQuoted(state.existing))"
            ))
    } else if let entries = state.freeEntries, entries < leastEntries {
        findings.append(
            .fail(
                "disk", "\(counted(entries, "inode")) left at \(state.existing)",
                "make room: df -i \(shellQuoted(state.existing))"
            ))
    } else if let free = state.freeBytes {
        findings.append(.ok("disk", "\(sizeText(free)) left there"))
    }
    return findings
}
