// RFC 8259, case by case, named as the usual public suite names its cases: y_ is JSON, n_ is none, i_ may be either. Written
// here from the RFC.

import Testing

@testable import Records

@Suite struct JSONAcceptanceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let json: [UInt8]
        /// What is said of a record with such a value; nil: it is taken.
        var code: String?

        init(_ name: String, _ json: String, _ code: String? = nil) { self.init(name, Array(json.utf8), code) }

        init(_ name: String, _ json: [UInt8], _ code: String? = nil) {
            (self.name, self.json, self.code) = (name, json, code)
        }

        var testDescription: String { name }
    }

    static func nested(_ open: String, _ count: Int, _ close: String = "") -> String {
        String(repeating: open, count: count) + String(repeating: close, count: count)
    }

    /// A value within a record, before and behind other fields; and in a line and an array of its own.
    static func check(_ test: Case) throws {
        let fields = Array(#""name":"n","age":1"#.utf8)
        let field = Array(#""x":"#.utf8) + test.json
        for record in [[fields, field], [field, fields]] {
            let json = Array("{".utf8) + record[0] + Array(",".utf8) + record[1] + Array("}".utf8)
            let codes = validate(json).codes.map { $0.split(separator: " ").last.map(String.init) ?? "" }
            #expect(codes == (test.code.map { [$0] } ?? []), "\(test.name)")
            guard !json.contains(0x0A) else { continue }
            let messages = try sent(try stream(json + [0x0A], .jsonl))
            #expect(messages.map(\.kind) == [test.code == nil ? .record : .raw], "\(test.name)")
            #expect(messages.map(\.value) == [json], "\(test.name)")
        }
        // By itself a value may be one level deeper.
        guard test.code != "too_deep" else { return }
        #expect(withBytes(test.json) { JSONScanner.isClean($0) } == (test.code == nil), "\(test.name)")
    }

    // MARK: y_: taken

    static let taken: [Case] = [
        Case("array_arraysWithSpaces", "[[]   ]"), Case("array_empty-string", #"[""]"#), Case("array_empty", "[]"),
        Case("array_ending_with_newline", "[\"a\"]\n"), Case("array_false", "[false]"),
        Case("array_heterogeneous", #"[null, 1, "1", {}]"#), Case("array_null", "[null]"),
        Case("array_with_1_and_newline", "[1\n]"), Case("array_with_leading_space", " [1]"),
        Case("array_with_several_null", "[1,null,null,null,2]"), Case("array_with_trailing_space", "[2] "),
        Case("number", "[123e65]"), Case("number_0e+1", "[0e+1]"), Case("number_0e1", "[0e1]"),
        Case("number_after_space", "[ 4]"), Case("number_double_close_to_zero", "[-0.\(nested("0", 77))1]"),
        Case("number_int_with_exp", "[20e1]"), Case("number_minus_zero", "[-0]"),
        Case("number_minus_zero_dot", "[-0.0]"),
        Case("number_negative_int", "[-123]"), Case("number_negative_one", "[-1]"),
        Case("number_negative_zero", "[-0]"),
        Case("number_real_capital_e", "[1E22]"), Case("number_real_capital_e_neg_exp", "[1E-2]"),
        Case("number_real_capital_e_pos_exp", "[1E+2]"), Case("number_real_exponent", "[123e45]"),
        Case("number_real_fraction_exponent", "[123.456e78]"), Case("number_real_neg_exp", "[1e-2]"),
        Case("number_real_pos_exponent", "[1e+2]"), Case("number_exponent_with_zeros", "[1e-002]"),
        Case("number_simple_int", "[123]"), Case("number_simple_real", "[123.456789]"),
        Case("object", #"{"asd":"sdf", "dfg":"fgh"}"#), Case("object_basic", #"{"asd":"sdf"}"#),
        Case("object_empty", "{}"), Case("object_empty_key", #"{"":0}"#),
        Case("object_extreme_numbers", #"{ "min": -1.0e+28, "max": 1.0e+28 }"#),
        Case("object_long_strings", "{\"x\":[{\"id\": \"\(nested("x", 40))\"}], \"id\": \"\(nested("y", 40))\"}"),
        Case("object_simple", #"{"a":[]}"#), Case("object_with_newlines", "{\n\"a\": \"b\"\n}"),
        Case("object_string_unicode", #"{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430" }"#),
        Case("string_1_2_3_bytes_UTF-8_sequences", #"["\u0060\u012a\u12AB"]"#),
        Case("string_accepted_surrogate_pair", #"["\uD801\udc37"]"#),
        Case("string_accepted_surrogate_pairs", #"["\ud83d\ude39\ud83d\udc8d"]"#),
        Case("string_allowed_escapes", #"["\"\\\/\b\f\n\r\t"]"#),
        Case("string_backslash_and_u_escaped_zero", #"["\\u0000"]"#), Case("string_backslash_doublequotes", #"["\""]"#),
        Case("string_comments", #"["a/*b*/c/*d//e"]"#), Case("string_double_escape_a", #"["\\a"]"#),
        Case("string_double_escape_n", #"["\\n"]"#), Case("string_escaped_control_character", #"["\u0012"]"#),
        Case("string_escaped_noncharacter", #"["\uFFFF"]"#), Case("string_in_array", #"["asd"]"#),
        Case("string_in_array_with_leading_space", #"[ "asd"]"#),
        Case("string_last_surrogates_1_and_2", #"["\uDBFF\uDFFF"]"#),
        Case("string_nbsp_uescaped", #"["new\u00A0line"]"#),
        Case("string_nonCharacterInUTF-8_U+10FFFF", "[\"\u{10FFFF}\"]"),
        Case("string_nonCharacterInUTF-8_U+FFFF", "[\"\u{FFFF}\"]"), Case("string_one-byte-utf-8", #"["\u002c"]"#),
        Case("string_pi", "[\"π\"]"), Case("string_reservedCharacterInUTF-8_U+1BFFF", "[\"\u{1BFFF}\"]"),
        Case("string_simple_ascii", #"["asd "]"#), Case("string_space", "\" \""),
        Case("string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF", #"["\uD834\uDd1e"]"#),
        Case("string_three-byte-utf-8", #"["\u0821"]"#), Case("string_two-byte-utf-8", #"["\u0123"]"#),
        Case("string_u+2028_line_sep", "[\"\u{2028}\"]"), Case("string_u+2029_par_sep", "[\"\u{2029}\"]"),
        Case("string_uEscape", #"["\u0061\u30af\u30EA\u30b9"]"#),
        Case("string_uescaped_newline", #"["new\u000Aline"]"#),
        Case("string_unescaped_char_delete", "[\"\u{7F}\"]"), Case("string_unicode", #"["\uA66D"]"#),
        Case("string_unicodeEscapedBackslash", #"["\u005C"]"#), Case("string_unicode_2", "[\"⍂㈴⍂\"]"),
        Case("string_unicode_U+10FFFE_nonchar", #"["\uDBFF\uDFFE"]"#),
        Case("string_unicode_U+1FFFE_nonchar", #"["\uD83F\uDFFE"]"#),
        Case("string_unicode_U+200B_ZERO_WIDTH_SPACE", #"["\u200B"]"#),
        Case("string_unicode_U+2064_invisible_plus", #"["\u2064"]"#),
        Case("string_unicode_U+FDD0_nonchar", #"["\uFDD0"]"#),
        Case("string_unicode_escaped_double_quote", #"["\u0022"]"#),
        Case("string_utf8", "[\"€𝄞\"]"), Case("string_with_del_character", "[\"a\u{7F}a\"]"),
        Case("structure_lonely_false", "false"), Case("structure_lonely_int", "42"),
        Case("structure_lonely_negative_real", "-0.1"), Case("structure_lonely_null", "null"),
        Case("structure_lonely_string", #""asd""#), Case("structure_lonely_true", "true"),
        Case("structure_string_empty", #""""#), Case("structure_trailing_newline", "[\"a\"]\n"),
        Case("structure_true_in_array", "[true]"), Case("structure_whitespace_array", " [] "),
        Case("structure_whitespace_all_four", "\t\r\n [\t\r\n 1\t\r\n ,\t\r\n 2\t\r\n ]\t\r\n "),
        Case("structure_63_levels_and_the_record", nested("[", 63, "]")),
    ]

    @Test(arguments: taken) func yes(test: Case) throws { try Self.check(test) }

    // MARK: y_, and still no text for Postgres

    /// JSON by its grammar, which jsonb refuses or would change without a word: a reject that says why.
    static let refused: [Case] = [
        Case("object_duplicated_key", #"{"a":"b","a":"c"}"#, "duplicate_key"),
        Case("object_duplicated_key_and_value", #"{"a":"b","a":"b"}"#, "duplicate_key"),
        Case("object_escaped_null_in_key", #"{"foo\u0000bar": 42}"#, "nul_character"),
        Case("string_null_escape", #"["\u0000"]"#, "nul_character"),
    ]

    @Test(arguments: refused) func yesButNotForPostgres(test: Case) throws { try Self.check(test) }

    // MARK: i_: what the RFC leaves open

    static let open: [Case] = [
        Case("number_double_huge_neg_exp", "[123.456e-789]"),
        Case("number_huge_exp", "[0.4e00669999999999]", "number_out_of_range"),
        Case("number_neg_int_huge_exp", "[-1e+9999]"), Case("number_pos_double_huge_exp", "[1.5e+9999]"),
        Case("number_real_neg_overflow", "[-123123e100000]"), Case("number_real_pos_overflow", "[123123e100000]"),
        Case("number_beyond_numeric", "[1e131072]", "number_out_of_range"),
        Case("number_real_underflow", "[123e-10000000]", "number_out_of_range"),
        Case("number_too_big_neg_int", "[-123123123123123123123123123123]"),
        Case("number_too_big_pos_int", "[100000000000000000000]"),
        Case("object_key_lone_2nd_surrogate", #"{"\uDFAA":0}"#, "lone_surrogate"),
        Case("string_1st_surrogate_but_2nd_missing", #"["\uDADA"]"#, "lone_surrogate"),
        Case("string_1st_valid_surrogate_2nd_invalid", #"["\uD888\u1234"]"#, "lone_surrogate"),
        Case("string_incomplete_surrogate_and_escape_valid", #"["\uD800\n"]"#, "lone_surrogate"),
        Case("string_incomplete_surrogate_pair", #"["\uDd1ea"]"#, "lone_surrogate"),
        Case("string_incomplete_surrogates_escape_valid", #"["\uD800\uD800\n"]"#, "lone_surrogate"),
        Case("string_inverted_surrogates_U+1D11E", #"["\uDd1e\uD834"]"#, "lone_surrogate"),
        Case("string_lone_second_surrogate", #"["\uDFAA"]"#, "lone_surrogate"),
        Case("string_iso_latin_1", [0x5B, 0x22, 0xE9, 0x22, 0x5D], "invalid_utf8"),
        Case("string_lone_utf8_continuation_byte", [0x5B, 0x22, 0x81, 0x22, 0x5D], "invalid_utf8"),
        Case("string_not_in_unicode_range", [0x5B, 0x22, 0xF4, 0xBF, 0xBF, 0xBF, 0x22, 0x5D], "invalid_utf8"),
        Case("string_overlong_sequence_2_bytes", [0x5B, 0x22, 0xC0, 0xAF, 0x22, 0x5D], "invalid_utf8"),
        Case(
            "string_overlong_sequence_6_bytes", [0x5B, 0x22, 0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF, 0x22, 0x5D],
            "invalid_utf8"),
        Case("string_truncated-utf-8", [0x5B, 0x22, 0xE0, 0xFF, 0x22, 0x5D], "invalid_utf8"),
        Case("string_UTF8_surrogate_U+D800", [0x5B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x5D], "invalid_utf8"),
        Case("string_utf16LE_no_BOM", [0x5B, 0, 0x22, 0, 0x61, 0, 0x22, 0, 0x5D, 0], "malformed_json"),
        Case("structure_500_nested_arrays", nested("[", 500, "]"), "too_deep"),
        Case("structure_64_levels_and_the_record", nested("[", 64, "]"), "too_deep"),
        Case("structure_UTF-8_BOM_empty_object", "\u{FEFF}{}", "malformed_json"),
    ]

    @Test(arguments: open) func either(test: Case) throws { try Self.check(test) }

    // MARK: n_: rejects

    static let none: [(name: String, json: String)] = [
        ("array_1_true_without_comma", "[1 true]"), ("array_colon_instead_of_comma", #"["": 1]"#),
        ("array_comma_after_close", #"[""],"#), ("array_comma_and_number", "[,1]"), ("array_double_comma", "[1,,2]"),
        ("array_double_extra_comma", #"["x",,]"#), ("array_extra_close", #"["x"]]"#), ("array_extra_comma", #"["",]"#),
        ("array_incomplete", #"["x""#), ("array_incomplete_invalid_value", "[x"),
        ("array_inner_array_no_comma", "[3[4]]"),
        ("array_items_separated_by_semicolon", "[1:2]"), ("array_just_comma", "[,]"), ("array_just_minus", "[-]"),
        ("array_missing_value", #"[   , ""]"#), ("array_newlines_unclosed", "[\"a\",\n4\n,1,"),
        ("array_number_and_comma", "[1,]"),
        ("array_number_and_several_commas", "[1,,]"), ("array_spaces_vertical_tab_formfeed", "[\"\u{B}a\"\\f]"),
        ("array_star_inside", "[*]"), ("array_unclosed", #"[""#), ("array_unclosed_trailing_comma", "[1,"),
        ("array_unclosed_with_new_lines", "[1,\n1\n,1"), ("array_unclosed_with_object_inside", "[{}"),
        ("incomplete_false", "[fals]"), ("incomplete_null", "[nul]"), ("incomplete_true", "[tru]"),
        ("multidigit_number_then_00", "123\u{0}"),
        ("number_++", "[++1234]"), ("number_+1", "[+1]"), ("number_+Inf", "[+Inf]"), ("number_-01", "[-01]"),
        ("number_-1.0.", "[-1.0.]"), ("number_-2.", "[-2.]"), ("number_-NaN", "[-NaN]"), ("number_.-1", "[.-1]"),
        ("number_.2e-3", "[.2e-3]"), ("number_0.1.2", "[0.1.2]"), ("number_0.3e+", "[0.3e+]"),
        ("number_0.3e", "[0.3e]"),
        ("number_0.e1", "[0.e1]"), ("number_0_capital_E+", "[0E+]"), ("number_0_capital_E", "[0E]"),
        ("number_0e+", "[0e+]"),
        ("number_0e", "[0e]"), ("number_1.0e+", "[1.0e+]"), ("number_1.0e-", "[1.0e-]"), ("number_1.0e", "[1.0e]"),
        ("number_1_000", "[1 000.0]"), ("number_1eE2", "[1eE2]"), ("number_2.e+3", "[2.e+3]"),
        ("number_2.e-3", "[2.e-3]"),
        ("number_2.e3", "[2.e3]"), ("number_9.e+", "[9.e+]"), ("number_Inf", "[Inf]"), ("number_NaN", "[NaN]"),
        ("number_U+FF11_fullwidth_digit_one", "[\u{FF11}]"), ("number_expression", "[1+2]"),
        ("number_hex_1_digit", "[0x1]"),
        ("number_hex_2_digits", "[0x42]"), ("number_infinity", "[Infinity]"), ("number_invalid+-", "[0e+-1]"),
        ("number_invalid-negative-real", "[-123.123foo]"), ("number_minus_infinity", "[-Infinity]"),
        ("number_minus_sign_with_trailing_garbage", "[-foo]"), ("number_minus_space_1", "[- 1]"),
        ("number_neg_int_starting_with_zero", "[-012]"), ("number_neg_real_without_int_part", "[-.123]"),
        ("number_neg_with_garbage_at_end", "[-1x]"), ("number_real_garbage_after_e", "[1ea]"),
        ("number_real_without_fractional_part", "[1.]"), ("number_starting_with_dot", "[.123]"),
        ("number_with_alpha", "[1.2a-3]"), ("number_with_alpha_char", "[1.8011670033376514H-308]"),
        ("number_with_leading_zero", "[012]"), ("number_double_zero", "[00]"),
        ("object_bad_value", #"["x", truth]"#), ("object_bracket_key", "{[: \"x\"}\n"),
        ("object_comma_instead_of_colon", #"{"x", null}"#), ("object_double_colon", #"{"x"::"b"}"#),
        ("object_garbage_at_end", #"{"a":"a" 123}"#), ("object_key_with_single_quotes", #"{key: 'value'}"#),
        ("object_missing_colon", #"{"a" b}"#), ("object_missing_key", #"{:"b"}"#),
        ("object_missing_semicolon", #"{"a" "b"}"#),
        ("object_missing_value", #"{"a":"#), ("object_no-colon", #"{"a""#), ("object_non_string_key", "{1:1}"),
        ("object_non_string_key_but_huge_number", "{9999E9999:1}"),
        ("object_repeated_null_null", "{null:null,null:null}"),
        ("object_several_trailing_commas", #"{"id":0,,,,,}"#), ("object_single_quote", "{'a':0}"),
        ("object_trailing_comma", #"{"id":0,}"#), ("object_trailing_comment", #"{"a":"b"}/**/"#),
        ("object_trailing_comment_open", #"{"a":"b"}/**//"#), ("object_trailing_comment_slash_open", #"{"a":"b"}//"#),
        ("object_trailing_comment_slash_open_incomplete", #"{"a":"b"}/"#),
        ("object_two_commas_in_a_row", #"{"a":"b",,"c":"d"}"#),
        ("object_unquoted_key", #"{a: "b"}"#), ("object_unterminated-value", #"{"a":"a"#),
        ("object_with_single_string", #"{ "foo" : "bar", "a" }"#), ("object_with_trailing_garbage", ##"{"a":"b"}#"##),
        ("single_space", " "), ("string_1_surrogate_then_escape_u", #"["\uD800\u"]"#),
        ("string_1_surrogate_then_escape_u1", #"["\uD800\u1"]"#),
        ("string_1_surrogate_then_escape_u1x", #"["\uD800\u1x"]"#),
        ("string_1_surrogate_then_escape", #"["\uD800\"]"#), ("string_accentuated_char_no_quotes", "[é]"),
        ("string_backslash_00", "[\"\\\u{0}\"]"), ("string_escape_x", #"["\x00"]"#),
        ("string_escaped_backslash_bad", #"["\\\"]"#), ("string_escaped_ctrl_char_tab", "[\"\\\t\"]"),
        ("string_escaped_emoji", "[\"\\🌀\"]"), ("string_incomplete_escape", #"["\"]"#),
        ("string_incomplete_escaped_character", #"["\u00A"]"#), ("string_incomplete_surrogate", #"["\uD834\uDd"]"#),
        ("string_incomplete_surrogate_escape_invalid", #"["\uD800\uD800\x"]"#),
        ("string_invalid_backslash_esc", #"["\a"]"#),
        ("string_invalid_unicode_escape", #"["\uqqqq"]"#), ("string_leading_uescaped_thinspace", #"[\u0020"asd"]"#),
        ("string_no_quotes_with_bad_escape", #"[\n]"#), ("string_single_doublequote", "\""),
        ("string_single_quote", "['single quote']"), ("string_single_string_no_double_quotes", "abc"),
        ("string_start_escape_unclosed", #"["\"#), ("string_unescaped_ctrl_char", "[\"a\u{1}a\"]"),
        ("string_unescaped_newline", "[\"new\nline\"]"), ("string_unescaped_tab", "[\"\t\"]"),
        ("string_unicode_CapitalU", #""\UA66D""#), ("string_with_trailing_garbage", #"""x"#),
        ("structure_U+2060_word_joined", "[\u{2060}]"), ("structure_UTF8_BOM_no_data", "\u{FEFF}"),
        ("structure_angle_bracket_.", "<.>"), ("structure_angle_bracket_null", "[<null>]"),
        ("structure_array_trailing_garbage", "[1]x"), ("structure_array_with_extra_array_close", "[1]]"),
        ("structure_array_with_unclosed_string", #"["asd]"#), ("structure_ascii-unicode-identifier", "aå"),
        ("structure_capitalized_True", "[True]"), ("structure_close_unopened_array", "1]"),
        ("structure_comma_instead_of_closing_brace", #"{"x": true,"#), ("structure_double_array", "[][]"),
        ("structure_end_array", "]"), ("structure_lone-open-bracket", "["), ("structure_no_data", ""),
        ("structure_null-byte-outside-string", "[\u{0}]"), ("structure_number_with_trailing_garbage", "2@"),
        ("structure_object_followed_by_closing_object", "{}}"), ("structure_object_unclosed_no_value", #"{"":"#),
        ("structure_object_with_comment", #"{"a":/*comment*/"b"}"#),
        ("structure_object_with_trailing_garbage", #"{"a": true} "x""#),
        ("structure_open_array_apostrophe", "['"), ("structure_open_array_comma", "[,"),
        ("structure_open_array_open_object", "[{"), ("structure_open_array_open_string", "[\"a"),
        ("structure_open_array_string", #"["a""#), ("structure_open_object", "{"),
        ("structure_open_object_close_array", "{]"),
        ("structure_open_object_comma", "{,"), ("structure_open_object_open_array", "{["),
        ("structure_open_object_open_string", "{\"a"), ("structure_open_object_string_with_apostrophes", "{'a'"),
        ("structure_single_star", "*"), ("structure_trailing_#", ##"{"a":"b"}#{}"##),
        ("structure_uescaped_LF_before_string", #"[\u000A""]"#),
        ("structure_unclosed_array", "[1"), ("structure_unclosed_array_partial_null", "[ false, nul"),
        ("structure_unclosed_array_unfinished_true", "[ true, tru"), ("structure_unclosed_object", #"{"asd":"asd""#),
        ("structure_unicode-identifier", "å"), ("structure_whitespace_U+2060", "[\u{2060}]"),
        ("structure_whitespace_formfeed", "[\u{C}]"), ("structure_whitespace_nbsp", "[\u{A0}]"),
    ]

    /// Malformed: by the scanner, in whatever place; and as a line or an array of its own.
    @Test func no() throws {
        for (name, json) in Self.none { try Self.check(Case(name, json, "malformed_json")) }
    }

    /// What is never closed costs neither the stack nor more than its length in time.
    @Test(arguments: [nested("[", 100_000), nested("[{\"\":", 50_000), nested("{\"a\":", 100_000)])
    func depthIsBounded(json: String) throws { try Self.check(Case("structure_100000_opening", json, "too_deep")) }

    /// Bytes that are no text at all, and which are not in the form of JSON strings either.
    static let bytes: [(name: String, json: [UInt8])] = [
        ("array_a_invalid_utf8", [0x5B, 0x61, 0xE5, 0x5D]), ("array_invalid_utf8", [0x5B, 0xFF, 0x5D]),
        ("number_invalid-utf-8-in-bigger-int", [0x5B, 0x31, 0x32, 0x33, 0xE5, 0x5D]),
        ("number_invalid-utf-8-in-exponent", [0x5B, 0x31, 0x65, 0x31, 0xE5, 0x5D]),
        ("number_invalid-utf-8-in-int", [0x5B, 0x30, 0xE5, 0x5D]),
        (
            "object_lone_continuation_byte_in_key_and_trailing_comma",
            Array("{\"".utf8) + [0xB9] + Array("\":\"0\",}".utf8)
        ),
        ("string_invalid-utf-8-in-escape", Array("[\"\\u".utf8) + [0xE5] + Array("\"]".utf8)),
        ("string_invalid_utf8_after_escape", Array("[\"\\".utf8) + [0xE5] + Array("\"]".utf8)),
        ("structure_incomplete_UTF8_BOM", [0xEF, 0xBB, 0x7B, 0x7D]), ("structure_lone-invalid-utf-8", [0xE5]),
    ]

    @Test func noText() throws {
        for (name, json) in Self.bytes {
            let codes = validate(Array(#"{"name":"n","age":1,"x":"#.utf8) + json + Array("}".utf8)).codes
            #expect(codes.last == ": malformed_json", "\(name)")
            #expect(withBytes(json) { !JSONScanner.isClean($0) }, "\(name)")
        }
    }
}
