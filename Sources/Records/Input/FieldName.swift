// What files call our fields.

/// A field that a column can be, and the names it goes by.
enum FieldName: CaseIterable {
    case name, firstName, lastName, age, email, phoneNumber, address

    /// Where it stands in a record.
    var path: [[UInt8]] { spelled.split(separator: ".").map { Array($0.utf8) } }

    /// Our name for it.
    var spelled: String {
        switch self {
        case .name: "name"
        case .firstName: "name.firstName"
        case .lastName: "name.lastName"
        case .age: "age"
        case .email: "email"
        case .phoneNumber: "phoneNumber"
        case .address: "address"
        }
    }

    var isOptional: Bool { self == .email || self == .phoneNumber || self == .address }

    /// What others call it, in the order in which they are looked for. "nom" is one more last name, beside a "prénom".
    var aliases: [String] {
        switch self {
        case .name: ["name", "fullname"]
        case .firstName: ["firstname", "givenname", "forename", "vorname", "prenom", "prénom", "nombre"]
        case .lastName:
            ["lastname", "familyname", "surname", "nachname", "nom", "apellido", "apellidos", "cognome"]
        case .age: ["age", "alter", "edad", "età", "eta", "idade", "leeftijd"]
        case .email: ["email", "emailaddress", "mail"]
        case .phoneNumber:
            ["phonenumber", "phone", "mobile", "mobilephone", "cellphone", "telephone", "tel"]
        case .address: ["address"]
        }
    }

    /// Our name and the aliases as headers are compared with them.
    var foldedNames: (ours: [UInt8], aliases: [[UInt8]]) { Self.foldedNames[self]! }

    private static let foldedNames = Dictionary(
        uniqueKeysWithValues: allCases.map { field in
            (field, (folded(field.spelled.utf8), field.aliases.map { folded($0.utf8) }))
        })

    /// ASCII letters and digits without case; other ASCII characters do not count, all others stand as they are, so that
    /// a name with them matches only as it is spelled.
    static func folded(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.compactMap { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: byte
            default: nil
            }
        }
    }

    /// Whether a column is called like a date of birth.
    static func isDateOfBirth(_ name: [UInt8]) -> Bool {
        let text = String(decoding: folded(name), as: UTF8.self)
        if ["birth", "geburt", "naissance", "nacimiento"].contains(where: text.contains) { return true }
        return text == "dob" || words(name).contains("dob")
    }

    /// The words of a name, in lower case: cut at what is neither letter nor digit, and before a capital letter.
    private static func words(_ name: [UInt8]) -> [String] {
        var words: [String] = [""]
        var wasLower = false
        for byte in name {
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard let folded = folded([byte]).first else {
                words.append("")
                continue
            }
            if isCapital, wasLower { words.append("") }
            wasLower = !isCapital
            words[words.count - 1].unicodeScalars.append(Unicode.Scalar(folded))
        }
        return words
    }
}
