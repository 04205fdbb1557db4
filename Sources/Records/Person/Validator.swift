// Stub.
package final class Validator {
    package private(set) var person = Person(name: Bytes(start: nil, count: 0), age: 0)
    package private(set) var key = Bytes(start: nil, count: 0)
    package private(set) var errors: [FieldError] = []
    package init(key: KeyFields) {}
    package func validate(_ json: Bytes) -> Bool { fatalError() }
}
extension FieldError {
    package static func parse(_ json: Bytes) -> [FieldError]? { fatalError() }
}
