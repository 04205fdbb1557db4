// What asks for a fault that there is not must not pass for a run without one.

#if TORTURE
    import Testing

    @testable import Pipeline

    @Suite struct TortureTests {
        @Test(arguments: [
            ("USERLOAD_BUG", "swapDropped"), ("USERLOAD_BUG", "secondMemberDropped"),
            ("USERLOAD_CRASH_AT", "load.swapped:1"), ("USERLOAD_STOP_AT", "load.copying:12"),
            ("USERLOAD_ABORT_AT", "load.committing:2"), ("USERLOAD_NOT_SENT", "error:3"),
            ("USERLOAD_NOT_SENT", "offset:1"), ("USERLOAD_MOCK_ERRORS", "0:0,6,19 3:7"),
        ])
        func whatPlantsSomethingIsTaken(_ name: String, _ value: String) {
            #expect(Torture.mistake { $0 == name ? value : nil } == nil)
        }

        @Test(arguments: [
            ("USERLOAD_BUG", "swapDroped"), ("USERLOAD_BUG", ""), ("USERLOAD_CRASH_AT", "load.swapped"),
            ("USERLOAD_CRASH_AT", "load.swapped:0"), ("USERLOAD_STOP_AT", ":1"), ("USERLOAD_STOP_AT", "a:1:2"),
            ("USERLOAD_ABORT_AT", "load.committing:x"), ("USERLOAD_NOT_SENT", "sent:3"), ("USERLOAD_NOT_SENT", "error"),
            ("USERLOAD_MOCK_ERRORS", "0:0,x"), ("USERLOAD_MOCK_ERRORS", "produce:6"), ("USERLOAD_MOCK_ERRORS", "0:"),
        ])
        func whatWouldPlantNothingIsAMistake(_ name: String, _ value: String) {
            #expect(Torture.mistake { $0 == name ? value : nil }?.hasPrefix("\(name): ") == true)
        }
    }
#endif
