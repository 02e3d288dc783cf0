import Foundation
import Lambda
import Testing

@Suite struct EnvironmentTests {
    @Test("All faults are reported by name, in one error") func check() {
        var environment = Environment([
            "EMPTY": " ", "SIZE": "big", "FLAG": "yes", "URL": "http://example.com", "OK": "fine",
        ])
        _ = environment.text("MISSING")
        _ = environment.text("EMPTY")
        _ = environment.text("OK")
        _ = environment.integer("SIZE", default: 1, in: 1...9)
        _ = environment.flag("FLAG", default: false)
        _ = environment.url("URL")
        environment.fault("OK", "is too fine")
        let message =
            "MISSING is not set; EMPTY is not set; SIZE must be a whole number from 1 to 9; "
            + "FLAG must be true or false; URL must be an https URL without a user name; OK is too fine"
        #expect(throws: FunctionError("Configuration", message)) { try environment.check() }
    }

    @Test("Without faults the check passes") func noFaults() throws {
        var environment = Environment(["A": "a"])
        #expect(environment.text("A") == "a")
        #expect(environment.text("B", default: "b") == "b")
        #expect(environment.optional("B") == nil)
        try environment.check()
        #expect(environment.faults.isEmpty)
    }

    @Test(
        "White space at the ends of a value is trimmed",
        arguments: [
            ("v", "v"), ("  v \n", "v"), ("", nil), (" \t\n", nil), ("a b", "a b"), ("a=b", "a=b"), (nil, nil),
        ] as [(String?, String?)])
    func whiteSpace(_ value: String?, _ read: String?) {
        let environment = Environment(value.map { ["A": $0] } ?? [:])
        #expect(environment.optional("A") == read)
    }

    @Test(
        "An integer must be in its range",
        arguments: [
            (nil, 5, true), ("", 5, true), ("1", 1, true), (" 9 ", 9, true), ("0", 5, false), ("10", 5, false),
            ("1.5", 5, false), ("1s", 5, false), ("-1", 5, false), ("99999999999999999999", 5, false),
        ] as [(String?, Int, Bool)])
    func integers(_ value: String?, _ read: Int, _ good: Bool) {
        var environment = Environment(value.map { ["N": $0] } ?? [:])
        #expect(environment.integer("N", default: 5, in: 1...9) == read)
        #expect(environment.faults == (good ? [] : ["N must be a whole number from 1 to 9"]))
    }

    @Test(
        "A flag is true or false",
        arguments: [
            (nil, true, true), ("true", true, true), ("FALSE", false, true), (" false ", false, true),
            ("0", true, false), ("no", true, false),
        ] as [(String?, Bool, Bool)])
    func flags(_ value: String?, _ read: Bool, _ good: Bool) {
        var environment = Environment(value.map { ["F": $0] } ?? [:])
        #expect(environment.flag("F", default: true) == read)
        #expect(environment.faults == (good ? [] : ["F must be true or false"]))
    }

    @Test(
        "A URL must use https, except to loopback",
        arguments: [
            ("https://example.com/includes/api.php", nil), (" https://example.com ", nil),
            ("http://127.0.0.1:8080", nil),
            ("http://localhost:1/", nil), ("http://example.com/", "U must be an https URL without a user name"),
            ("example.com", "U must be an https URL without a user name"),
            ("ftp://example.com", "U must be an https URL without a user name"),
            ("https://user:secret@example.com", "U must be an https URL without a user name"),
            ("https://exam ple.com", "U must be an https URL without a user name"), ("", "U is not set"),
        ] as [(String, String?)])
    func urls(_ value: String, _ fault: String?) {
        var environment = Environment(["U": value])
        let url = environment.url("U")
        #expect(environment.faults == (fault.map { [$0] } ?? []))
        // The client would refuse white space.
        #expect(url.allSatisfy { $0 != " " } || fault != nil)
    }

    @Test("The environment of the process is read") func ofProcess() async {
        await #expect(processExitsWith: .success) {
            setenv("TEST_OF_ENVIRONMENT", "a=b", 1)
            setenv("TEST_OF_EMPTY", "", 1)
            let environment = Environment.ofProcess()
            #expect(environment.values["TEST_OF_ENVIRONMENT"] == "a=b")
            #expect(environment.values["TEST_OF_EMPTY"] == "")
            #expect(environment.optional("TEST_OF_EMPTY") == nil)
        }
    }
}
