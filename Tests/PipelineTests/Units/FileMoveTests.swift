// Files out of the way once they are loaded: nothing is lost or written over, whatever the folder is like.

import FileNames
import Foundation
import Glibc
import Records
import TestSupport
import Testing

@testable import Pipeline

@Suite struct FileMoveTests {
    /// Where a device other than that of /tmp is.
    private static let otherDevice = "/dev/shm"
    static var hasOtherDevice: Bool {
        var (here, there) = (stat(), stat())
        return stat("/tmp", &here) == 0 && stat(otherDevice, &there) == 0 && here.st_dev != there.st_dev
    }

    let files = try! TemporaryDirectory()
    let slug = "4x7k2m9q"

    private func folder(_ name: String = "done") throws -> String {
        try FileManager.default.createDirectory(atPath: files.path(name), withIntermediateDirectories: true)
        return files.path(name)
    }

    private func pushed(_ path: String) throws -> PushedFile {
        var status = stat()
        try #require(stat(path, &status) == 0)
        let source = try FileSource(contentOf: path, interrupt: Interrupt())
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        while try source.read(buffer) > 0 {}
        return PushedFile(stamp: FileStamp(status), content: source.contentHash(), size: source.bytesRead)
    }

    private func move(_ path: String, to folder: String, as file: PushedFile? = nil) throws -> FileMove.Outcome {
        FileMove(to: folder, interrupt: Interrupt()).move(path, try file ?? pushed(path), slug: slug)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test(arguments: [
        ("/data/a.csv", ["a.csv", "a-4x7k2m9q.csv", "a-4x7k2m9q-2.csv"]),
        ("a.csv.gz", ["a.csv.gz", "a-4x7k2m9q.csv.gz", "a-4x7k2m9q-2.csv.gz"]),
        ("dir.d/people", ["people", "people-4x7k2m9q", "people-4x7k2m9q-2"]),
        (".hidden", [".hidden", ".hidden-4x7k2m9q", ".hidden-4x7k2m9q-2"]),
    ])
    func namesToTry(path: String, names: [String]) {
        #expect(Array(FileMove.names(of: path, slug: slug).prefix(3)) == names)
    }

    @Test func aFileKeepsItsNameUnlessItIsTaken() throws {
        let done = try folder()
        for (text, name) in [("one", "a.csv"), ("two", "a-4x7k2m9q.csv"), ("three", "a-4x7k2m9q-2.csv")] {
            let path = try files.write("a.csv", text)
            #expect(try move(path, to: done) == .moved(name))
            #expect(self.text(path) == nil)
        }
        #expect(
            ["a.csv", "a-4x7k2m9q.csv", "a-4x7k2m9q-2.csv"].map { text(done + "/" + $0) } == ["one", "two", "three"])
    }

    @Test func whatLiesThereAlreadyStays() throws {
        let path = try files.write("a.csv", "one")
        #expect(try move(path, to: files.path) == .isThere)
        #expect(try move(path, to: files.path + "/.") == .isThere)
        #expect(text(path) == "one")
    }

    @Test func whatIsNotWhatWasPushedStays() throws {
        let done = try folder()
        let path = try files.write("a.csv", "one")
        let known = try pushed(path)
        try files.write("a.csv", "two")
        let changed = FileMove.Outcome.failed(
            "changed since it was pushed; the same command again loads what it is now")
        #expect(try move(path, to: done, as: known) == changed)
        // Of another length, and then the old bytes in another file: those were pushed.
        try files.write("a.csv", "one, and more")
        #expect(try move(path, to: done, as: known) == changed)
        try files.write("a.csv", "one")
        #expect(try move(path, to: done, as: known) == .moved("a.csv"))
    }

    @Test func onlyAFileItselfIsMoved() throws {
        let done = try folder()
        let path = try files.write("a.csv", "one")
        let known = try pushed(path)
        let link = files.path("link.csv")
        try #require(symlink(path, link) == 0)
        #expect(try move(link, to: done, as: known) == .failed("it is a symbolic link; name the file itself"))
        #expect(try move(done, to: files.path, as: known) == .failed("it is not a regular file"))
        #expect(try move(files.path("b.csv"), to: done, as: known) == .gone)
        #expect(try names(done) == [] && text(path) == "one")
    }

    @Test func aFolderThatIsNone() throws {
        let path = try files.write("a.csv", "one")
        let missing = files.path("nope")
        #expect(try move(path, to: missing) == .failed("\(missing): no such file or directory"))
        let file = try files.write("file", "")
        #expect(try move(path, to: file) == .failed("\(file): not a directory"))
        #expect(text(path) == "one")
    }

    @Test(.enabled("needs a second device", { FileMoveTests.hasOtherDevice }))
    func toAnotherDevice() throws {
        let done = Self.otherDevice + "/userload-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: done, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: done) }
        // More than one buffer full.
        let content = String(repeating: "Ann,31\n", count: 300_000)
        let path = try files.write("a.csv", content)
        chmod(path, 0o640)
        // What a run that was killed has left there.
        try "half".write(toFile: done + "/.a.csv.userload", atomically: false, encoding: .utf8)
        #expect(try move(path, to: done) == .moved("a.csv"))
        var isWhole = text(done + "/a.csv") == content
        #expect(isWhole && text(path) == nil)
        var status = stat()
        #expect(stat(done + "/a.csv", &status) == 0 && status.st_mode & 0o777 == 0o640)
        try files.write("a.csv", "two")
        #expect(try move(path, to: done) == .moved("a-4x7k2m9q.csv"))
        isWhole = text(done + "/a.csv") == content
        #expect(isWhole)
        #expect(try names(done) == ["a-4x7k2m9q.csv", "a.csv"])
        // What a link there points to is not written to.
        let victim = try files.write("victim", "mine")
        try #require(symlink(victim, done + "/.b.csv.userload") == 0)
        let other = try files.write("b.csv", "three")
        #expect(try move(other, to: done) == .failed("\(done): too many levels of symbolic links"))
        #expect(text(victim) == "mine" && text(other) == "three")
        // Told to stop, it leaves nothing half done.
        let interrupt = Interrupt()
        interrupt.set()
        let third = try files.write("c.csv", "three")
        #expect(
            FileMove(to: done, interrupt: interrupt).move(third, try pushed(third), slug: slug)
                == .failed("the copy was not finished, because userload was stopped"))
        #expect(try names(done) == [".b.csv.userload", "a-4x7k2m9q.csv", "a.csv"] && text(third) == "three")
    }

    /// Killed between the copy's getting its name and the original's going.
    @Test(.enabled("needs a second device", { FileMoveTests.hasOtherDevice }), arguments: [true, false])
    func aWholeCopyThatWasLeft(isOfSameTime: Bool) throws {
        let done = Self.otherDevice + "/userload-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: done, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: done) }
        let path = try files.write("a.csv", "one")
        let left = done + "/a.csv"
        try "one".write(toFile: left, atomically: false, encoding: .utf8)
        var status = stat()
        try #require(stat(path, &status) == 0)
        if !isOfSameTime { status.st_mtim.tv_sec -= 1 }
        try #require(utimensat(AT_FDCWD, left, [status.st_atim, status.st_mtim], 0) == 0)
        #expect(try move(path, to: done) == .moved(isOfSameTime ? "a.csv" : "a-4x7k2m9q.csv"))
        #expect(text(path) == nil && text(left) == "one")
        #expect(try names(done) == (isOfSameTime ? ["a.csv"] : ["a-4x7k2m9q.csv", "a.csv"]))
    }

    @Test(.enabled("needs the right to mount", { geteuid() == 0 }))
    func aFullDisk() throws {
        let done = try folder()
        do {
            try TestSupport.run("/bin/mount", ["-t", "tmpfs", "-o", "size=64k", "userload-test", done])
        } catch {
            return  // a container may not mount, root or not
        }
        defer { _ = try? TestSupport.run("/bin/umount", [done]) }
        let content = String(repeating: "Ann,31\n", count: 20_000)
        let path = try files.write("a.csv", content)
        #expect(try move(path, to: done) == .failed("\(done): no space left on device"))
        var isWhole = text(path) == content
        #expect(isWhole)
        #expect(try names(done) == [])
        try TestSupport.run("/bin/mount", ["-o", "remount,ro", done])
        #expect(try move(path, to: done) == .failed("\(done): read-only file system"))
        isWhole = text(path) == content
        #expect(isWhole)
    }
}
