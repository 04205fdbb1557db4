// How markers become JSON and back. Off the hot path: a few per job and partition.

internal import FoundationEssentials

/// A marker that cannot be read or written; `message` says why.
package struct MarkerError: Error, Equatable {
    package let message: String
}

enum MarkerJSON {
    static func encode(_ marker: some Encodable) throws(MarkerError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            // The style cuts where it should round: half a millisecond keeps .123 from becoming .122.
            try container.encode((date + 0.000_5).formatted(timestamp))
        }
        do {
            return Array(try encoder.encode(marker))
        } catch {
            throw MarkerError(message: "a marker that cannot be written as JSON")
        }
    }

    static func decode<Marker: Decodable>(_ json: Bytes) throws(MarkerError) -> Marker {
        // Foundation would take what Postgres does not, such as NUL.
        guard JSONScanner.isClean(json) else { throw MarkerError(message: "a marker that cannot be read") }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            // Others may send more digits than we write.
            wholeMilliseconds(try Date(try decoder.singleValueContainer().decode(String.self), strategy: timestamp))
        }
        do {
            return try decoder.decode(Marker.self, from: Data(json))
        } catch {
            throw MarkerError(message: "a marker that cannot be read")
        }
    }

    static func wholeMilliseconds(_ date: Date) -> Date {
        Date(timeIntervalSince1970: (date.timeIntervalSince1970 * 1000).rounded() / 1000)
    }

    /// "2026-11-23T02:00:00.123Z"
    private static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
