// swift-tools-version: 6.3
import PackageDescription

// No package dependencies: C libraries through system-library targets, and what ships with Swift.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
    // The checks at run time cost 5 to 10 % of a push; debug builds, and so the tests, keep them.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    // The index for editors, which finds tests, too, needs nothing of Glibc and Foundation: a fifth of a debug build's time.
    .unsafeFlags(["-index-ignore-system-modules"], .when(configuration: .debug)),
    // Named places to die at, and planted bugs: see Sources/Pipeline/Torture.swift. No release build has them.
    .define("TORTURE", .when(configuration: .debug)),
]

// What each target may import is written down once more, as a table, in .ci/layers: the compiler lets
// transitive imports through, CI does not.
let package = Package(
    name: "userload",
    products: [.executable(name: "userload", targets: ["userload"])],
    targets: [
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CGetopt"),
        .systemLibrary(name: "CGNULibc"),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CMimalloc", providers: [.apt(["libmimalloc-dev"])]),

        .target(name: "FileNames", swiftSettings: settings),
        .target(name: "Log", dependencies: ["FileNames"], swiftSettings: settings),
        .target(
            name: "CommandLineOptions", dependencies: ["CGetopt", "CGNULibc", "FileNames", "Log"],
            swiftSettings: settings),
        .target(name: "Records", dependencies: ["CXXHash"], swiftSettings: settings),
        .target(name: "Kafka", dependencies: ["CRdKafka"], swiftSettings: settings),
        .target(name: "Postgres", dependencies: ["CPostgres"], swiftSettings: settings),
        .target(name: "Files", dependencies: ["CZlib", "CZstd"], swiftSettings: settings),
        .target(
            name: "Pipeline", dependencies: ["Records", "Kafka", "Postgres", "Files", "FileNames", "CGNULibc"],
            resources: [.embedInCode("sql")], swiftSettings: settings),
        .executableTarget(
            name: "userload",
            dependencies: [
                "Pipeline", "Records", "Kafka", "Postgres", "Files", "FileNames", "Log", "CommandLineOptions",
                "CGNULibc", "CMimalloc",
            ],
            swiftSettings: settings),

        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "RecordsTests", dependencies: ["Records", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "KafkaTests", dependencies: ["Kafka", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "PipelineTests",
            dependencies: ["Pipeline", "Records", "Kafka", "Postgres", "Log", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "CommandLineTests", dependencies: ["CommandLineOptions", "FileNames", "Log"], swiftSettings: settings),
        .testTarget(
            name: "UserloadTests", dependencies: ["userload", "TestSupport"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// `Tests/Fuzz/run` builds it, with libFuzzer, which brings a main of its own.
if Context.environment["USERLOAD_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: ["Pipeline", "Records", "Files", "Kafka", "CommandLineOptions", "FileNames", "Log"],
            path: "Tests/Fuzz/Sources",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]))
}

// `Tests/Sanitizers/run` without the suites that need servers: a third of what there is to build.
if Context.environment["USERLOAD_UNITS"] != nil {
    package.products = []
    package.targets.removeAll { ["userload", "UserloadTests", "KafkaTests", "PostgresTests"].contains($0.name) }
    package.targets.first { $0.name == "PipelineTests" }?.path = "Tests/PipelineTests/Units"
}
