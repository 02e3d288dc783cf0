import HTTP
import TestSupport
import Testbed
import Testing

@Suite struct MotoServerTests {
    @Test("moto answers from its start until it is stopped")
    func answersUntilItIsStopped() throws {
        let moto = try MotoServer.start(projectRoot: packageRoot.path, python: Program.pythonPath)
        let request = Request("GET", moto.url + "/moto-api/data.json", isIdempotent: false)
        #expect(try HTTPClient.live().send(request).status == 200)
        moto.stop()
        #expect((try? HTTPClient.live().send(request)) == nil)
    }
}
