import Testing

@testable import Testbed

@Suite struct CommandTests {
    @Test(
        "A command line is parsed",
        arguments: [
            ("up", Command.up(port: 4242, speed: 1)), ("up --port 0", .up(port: 0, speed: 1)),
            ("up --speed 10 --port 5000", .up(port: 5000, speed: 10)),
            ("invoke f e.json", .invoke(function: "f", file: "e.json", asIs: false)),
            ("invoke --as-is f e.json", .invoke(function: "f", file: "e.json", asIs: true)),
            ("invoke f e.json --as-is", .invoke(function: "f", file: "e.json", asIs: true)),
            ("fulfill 801", .fulfill(orderId: "801", door: .click, key: nil, timeout: 120)),
            ("fulfill 801 --event", .fulfill(orderId: "801", door: .event, key: nil, timeout: 120)),
            (
                "fulfill --url https://a 801",
                .fulfill(orderId: "801", door: .deployed(url: "https://a"), key: nil, timeout: 120)
            ),
            ("fulfill 801 --key k --timeout 1.5", .fulfill(orderId: "801", door: .click, key: "k", timeout: 1.5)),
            ("fulfill --key k 801", .fulfill(orderId: "801", door: .click, key: "k", timeout: 120)),
            ("status 801", .status(orderId: "801")), ("status", .status(orderId: nil)),
        ])
    func parses(line: String, command: Command) throws {
        #expect(try Command.parse(line.split(separator: " ").map(String.init)) == command)
    }

    @Test(
        "A wrong command line is refused with its reason",
        arguments: [
            ("", "Missing: a command."), ("down", "Unknown command: down."), ("up now", "Unexpected argument: now."),
            ("up --port", "--port takes a value."), ("up --port x", "--port takes a number up to 65535, not x."),
            ("up --port 70000", "--port takes a number up to 65535, not 70000."),
            ("up --speed 0", "--speed takes a number from 1 to 100, not 0."),
            ("up --speed x", "--speed takes a number from 1 to 100, not x."),
            ("invoke", "Missing: the function's name."), ("invoke f", "Missing: the event's file."),
            ("invoke f e.json more", "Unexpected argument: more."),
            ("invoke --fast f", "Missing: the function's name."),
            ("status 801 802", "Unexpected argument: 802."),
            (
                "fulfill 801 --event --url https://a",
                "--event is for the testbed: a stack's events come from Salesforce."
            ),
            ("fulfill", "Missing: the order's id."), ("fulfill 801 --timeout 0", "--timeout takes seconds, not 0."),
        ])
    func refuses(line: String, message: String) {
        #expect(throws: Command.UsageError(description: message)) {
            try Command.parse(line.split(separator: " ").map(String.init))
        }
    }
}
