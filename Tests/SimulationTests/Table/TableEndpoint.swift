import AWS
import Basics
import HTTP
import JSON
import Simulation

/// The simulated table behind the client that the programs use.
final class TableEndpoint {
    let name: String
    var model: SimulatedTable
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    var lag: Milliseconds = 0
    /// Sees each request with the model's answer.
    var check: (Request, _ action: String, (status: Int, body: JSON)) -> Void = { _, _, _ in }

    init(name: String = "ledger", pageItems: Int = 20_000) {
        self.name = name
        model = SimulatedTable(name: name, pageItems: pageItems)
    }

    var client: HTTPClient {
        HTTPClient(
            transport: { [self] in $0.map(send) }, now: { [self] in now }, sleep: { [self] in now += $0 },
            random: { Int.random(in: 0...$0) })
    }

    func table(_ account: Account = TableEndpoint.account("http://127.0.0.1:1")) -> Table {
        Table(name, account, client)
    }

    static func account(_ url: String) -> Account {
        Account([
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": url,
        ])
    }

    @discardableResult
    func answer(_ action: String, _ body: JSON) -> (status: Int, body: JSON) {
        model.answer(action, body, now: now, indexLag: lag)
    }

    private func send(_ request: Request) -> Result<Response, HTTPFailure> {
        let target = request.headers.first { $0.name == "X-Amz-Target" }?.value ?? ""
        let action = String(target.split(separator: ".").last ?? "")
        let (status, body) = answer(action, JSON(request.body) ?? .null)
        check(request, action, (status, body))
        return .success(Response(status: status, body: body.bytes))
    }
}
