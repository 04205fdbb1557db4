// Numbers for Prometheus, in the text format of node_exporter's textfile collector.

import Foundation
import Log

/// One metric with its values.
struct Metric: Equatable {
    enum Kind: String { case gauge, counter }

    struct Sample: Equatable {
        /// Beside the labels that all metrics of a file have.
        var labels: [Label] = []
        let value: Double
    }

    typealias Label = (name: String, value: String)

    let name: String
    let kind: Kind
    /// One sentence.
    let help: String
    let samples: [Sample]

    init(_ name: String, _ help: String, kind: Kind = .gauge, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    init(_ name: String, _ help: String, kind: Kind = .gauge, value: Double?) {
        self.init(name, help, kind: kind, samples: value.map { [Sample(value: $0)] } ?? [])
    }
}

extension Metric.Sample {
    static func == (left: Self, right: Self) -> Bool {
        left.value == right.value && left.labels.map(\.name) == right.labels.map(\.name)
            && left.labels.map(\.value) == right.labels.map(\.value)
    }
}

enum MetricsText {
    /// The whole file. Metrics without values are left out.
    static func text(_ metrics: [Metric], labels: [Metric.Label]) -> String {
        var text = ""
        for metric in metrics where !metric.samples.isEmpty {
            text += "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in metric.samples {
                text += series(metric.name, labels + sample.labels) + " " + number(sample.value) + "\n"
            }
        }
        return text
    }

    /// `name{label="value"}`.
    static func series(_ name: String, _ labels: [Metric.Label]) -> String {
        let pairs = labels.map { "\($0.name)=\"\(escaped($0.value))\"" }
        return pairs.isEmpty ? name : name + "{" + pairs.joined(separator: ",") + "}"
    }

    /// Of an earlier file: the value of this series. What stands there may be anything.
    static func value(of series: String, in text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.count + 1))
        }
        return nil
    }

    /// A label's value may hold anything but needs these three escaped (Prometheus' exposition format).
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
