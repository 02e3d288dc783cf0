import HTTP
import JSON
import TestSupport
import WHMCS

/// An installation with one client, 7, whose orders and services are the same list of ids.
final class PagedWHMCS {
    /// In the order in which it lists them.
    var ids: [Int]
    /// Rows per page at most.
    var cap = Int.max
    var ignoresStart = false
    /// What happens before the answer to the call with this number, the first being 0.
    var changes: [Int: (PagedWHMCS) -> Void] = [:]
    /// As `changes`, between counting the rows and listing them: WHMCS does so in two steps.
    var changesAfterCount: [Int: (PagedWHMCS) -> Void] = [:]
    /// Filters of its own that it does not know.
    var ignoredFilters: Set<String> = []
    var newestFirst = false
    private(set) var starts: [Int] = []
    private(set) var servicesAskedFor: [Int] = []
    let http = FakeHTTPClient()

    init(_ ids: some Sequence<Int>) {
        self.ids = Array(ids)
        http.before = { [self] request in .answer(200, answer(request)) }
    }

    func insert(_ count: Int) {
        let highest = ids.max() ?? 0
        for id in highest + 1...highest + count { ids.insert(id, at: newestFirst ? 0 : ids.count) }
    }

    /// Deletes the rows that it lists first.
    func delete(_ count: Int) {
        ids.removeFirst(count)
    }

    var whmcs: WHMCSClient {
        get throws { try http.whmcs }
    }

    private func answer(_ request: Request) -> String {
        changes[http.requests.count - 1]?(self)
        let total = ids.count
        changesAfterCount[http.requests.count - 1]?(self)
        let form = Dictionary(
            request.text.split(separator: "&").map { $0.split(separator: "=", omittingEmptySubsequences: false) }.map {
                (String($0[0]), String($0[1]))
            }
        ) { $1 }
        var listed = ids
        if let service = form["serviceid"].flatMap({ Int($0) }) {
            servicesAskedFor.append(service)
            if !ignoredFilters.contains("serviceid") { listed = ids.filter { $0 == service } }
        } else {
            starts.append(Int(form["limitstart"] ?? "") ?? -1)
        }
        let start = ignoresStart ? 0 : Int(form["limitstart"] ?? "") ?? 0
        let page = listed.dropFirst(start).prefix(min(cap, Int(form["limitnum"] ?? "") ?? 25))
        let names = form["action"] == "GetOrders" ? ("orders", "order") : ("products", "product")
        let rows = page.map {
            #"{"id":\#($0),"userid":7,"clientid":7,"orderid":\#($0),"pid":185,"status":"Active"}"#
        }
        return
            #"{"result":"success","totalresults":\#(listed.count == ids.count ? total : listed.count),"\#(names.0)":{"\#(names.1)":[\#(rows.joined(separator: ","))]}}"#
    }
}
