import JSON
import Lambda
import Testing

@Suite struct TraceHeaderTests {
    private static let root = "1-58406520-a006649127e371903a2de979"
    private static let parent = "defdfd9912dc5a56"

    @Test(
        "A header is read, whatever else it says",
        arguments: [
            ("Root=\(root);Parent=\(parent);Sampled=1", true), ("Root=\(root);Parent=\(parent);Sampled=0", false),
            ("Sampled=1;Parent=\(parent);Root=\(root)", true),
            ("Root=\(root);Parent=\(parent);Sampled=1;Lineage=25:a87bd80c:0", true),
            ("Self=1-58406520-000000000000000000000000;Root=\(root);Parent=\(parent);Sampled=1", true),
        ])
    func read(_ text: String, _ isSampled: Bool) throws {
        let header = try #require(TraceHeader(text))
        #expect((header.root, header.parent, header.isSampled) == (Self.root, Self.parent, isSampled))
        // Nothing else goes on to EventBridge, which refuses a header of more than 500 characters.
        #expect(header.text == "Root=\(Self.root);Parent=\(Self.parent);Sampled=\(isSampled ? 1 : 0)")
    }

    @Test(
        "A header without root, parent and decision is none",
        arguments: [
            "", ";;", "Root", "Root=\(root)", "Root=\(root);Parent=\(parent)", "Root=\(root);Sampled=1",
            "Parent=\(parent);Sampled=1", "Root=\(root);Parent=\(parent);Sampled=?",
            "Root=\(root);Parent=\(parent);Sampled=", "Root=\(root);Parent=\(parent.dropLast());Sampled=1",
            "Root=\(root)0;Parent=\(parent);Sampled=1", "Root=2\(root.dropFirst());Parent=\(parent);Sampled=1",
            "Root=\(root.uppercased());Parent=\(parent);Sampled=1", "Root=x;Parent=\(parent);Sampled=1",
            "Root=1-58406520;Parent=\(parent);Sampled=1", "Root=\(root);Parent=\(parent)é;Sampled=1",
        ])
    func refused(_ text: String) {
        #expect(TraceHeader(text) == nil)
    }

    @Test("Log lines name the trace and the click's, where they are sampled") func fields() {
        func fields(_ own: Int, click: Int) -> [String: JSON] {
            let invocation = Invocation(
                requestID: "r", deadline: .init(milliseconds: 0),
                traceID: "Root=\(Self.root);Parent=\(Self.parent);Sampled=\(own)", payload: [])
            let other = "1-58406520-b006649127e371903a2de979"
            return invocation.traceFields(click: TraceHeader("Root=\(other);Parent=\(Self.parent);Sampled=\(click)"))
        }
        #expect(
            fields(1, click: 1) == [
                "traceId": .string(Self.root), "clickTraceId": "1-58406520-b006649127e371903a2de979",
            ])
        #expect(fields(0, click: 0) == [:])
        #expect(Set(fields(0, click: 1).keys) == ["clickTraceId"])
        #expect(Invocation(requestID: "r", deadline: .init(milliseconds: 0), payload: []).traceFields() == [:])
    }
}
