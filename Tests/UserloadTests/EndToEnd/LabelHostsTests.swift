// A label with runs of many hosts: those that never come back, and those that somebody made up.

import TestSupport
import Testing

@Suite(.waiting, .needsServers) struct LabelHostsTests {
    let world: World

    init() throws { world = try World() }

    /// A complete run of two files on host etl1.
    private func load() throws {
        let files = try ["a.csv", "b.csv"].map { try world.files.write($0, People.csv($0 == "a.csv" ? 0..<5 : 5..<9)) }
        try world.expect(0, "load", "--label", "nightly", files[0], files[1])
        try world.database.psql("UPDATE userload.runs SET host = 'etl1'; UPDATE userload.jobs SET host = 'etl1'")
    }

    @Test func aHostThatDoesNotComeBackIsNamed() throws {
        try load()
        try world.database.psql(
            "INSERT INTO userload.runs SELECT gen_random_uuid(), 'old9', 'nightly', 2, at, at "
                + "FROM (SELECT now() - interval '40 days' AS at) AS t")
        for words in [["status", "nightly"], ["status", "--json", "nightly"], ["status", "--wait", "nightly"]] {
            let status = try world.start(words).wait(.seconds(60))
            #expect(status.code == 3, "\(status)")
            let lines = status.stderr.split(separator: "\n")
            #expect(
                lines.first?.hasPrefix("error: nightly is not complete because of old9 (its latest run is of ") == true,
                "\(status)")
            #expect(lines.first?.hasSuffix(", 40 d ago)") == true, "\(status)")
            #expect(
                lines.last
                    == "if such a host is gone, `userload status --host etl1 nightly` shows etl1 alone",
                "\(status)")
        }
        let alone = try world.expect(0, "status", "--wait", "--host", "etl1", "nightly")
        #expect(alone.stderr.isEmpty, "\(alone)")
        let age = try world.expect(3, "status", "--max-age", "26h", "nightly").stdout
        #expect(age == "nightly: no completed run on old9 (--host NAME asks for one host alone)\n")
    }

    @Test func aFloodOfHostsIsCounted() throws {
        try load()
        try world.database.psql(
            "INSERT INTO userload.runs SELECT gen_random_uuid(), 'h' || i, 'nightly', 2, now(), now() "
                + "FROM generate_series(1, 100000) AS i")
        let status = try world.expect(3, "status", "nightly")
        #expect(status.stdout.split(separator: "\n").count < 100, "\(status)")
        #expect(
            status.stdout.hasSuffix(
                "\n\nand 99,981 more hosts have runs of this label: `userload status --host NAME nightly` shows one\n"),
            "\(status)")
        #expect(status.stderr.split(separator: "\n").count == 2 && status.stderr.utf8.count < 2_000, "\(status)")
        #expect(
            status.stderr.contains(
                ", and 995 other hosts; the runs of 99,001 more hosts of nightly were not looked at\nif such "),
            "\(status)")
        #expect(try world.expect(0, "status", "--host", "etl1", "nightly").stdout.contains("by etl1 ("))
        let age = try world.expect(3, "status", "--max-age", "26h", "nightly").stdout
        #expect(age.split(separator: "\n").count == 1 && age.utf8.count < 2_000, "\(age)")
        let doctor = try world.expect(0, "doctor").stdout.squeezed
        #expect(doctor.split(separator: "\n").count < 70, "\(doctor)")
        #expect(
            doctor.contains(
                "not tested labels 99,981 more runs, the latest of their label and host, were not looked at\n"),
            "\(doctor)")
    }
}
