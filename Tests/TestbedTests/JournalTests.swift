import Testing

@testable import Testbed

@Suite struct JournalTests {
    @Test(
        "A reader gets the lines from a number on, and the newest of them when there are more",
        arguments: [(0, ["1", "2"]), (1, ["1", "2"]), (2, ["2"]), (3, []), (-1, ["1", "2"]), (9, ["1", "2"])])
    func continues(number: Int, lines: [String]) {
        let journal = Journal()
        for number in 0..<3 { journal.write("a", "\(number)") }
        let read = journal.lines(from: number, most: 2)
        #expect(read.lines.map(\.text) == lines && read.next == 3)
    }

    @Test("Numbers go on when old lines are removed")
    func keepsItsNumbers() {
        let journal = Journal()
        for number in 0..<50_001 { journal.write("a", "\(number)") }
        let read = journal.lines(from: 49_999, most: 10)
        #expect(read.lines.map(\.text) == ["49999", "50000"] && read.next == 50_001)
    }
}
