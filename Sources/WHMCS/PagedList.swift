import Basics
import JSON

/// A row of a list that WHMCS returns in pages.
protocol ListRow {
    static var action: String { get }
    /// The names around the rows, `orders` and `order`.
    static var names: (outer: String, inner: String) { get }
    /// What a row without which `init` fails, for the error.
    static var required: String { get }
    var id: Int { get }
    init?(_ row: JSON)
}

/// Puts a list together from its pages.
///
/// WHMCS has no snapshot: while pages are read, rows may appear and disappear, which moves the others. So pages overlap,
/// and each must begin with a row that an earlier page has. Then, in whatever order WHMCS lists rows, none that was there
/// all the time lies between two pages. A row that appears meanwhile may be missing.
struct PagedList<Row: ListRow> {
    private(set) var rows: [Row] = []
    private(set) var isComplete = false

    private var ids: Set<Int> = []
    /// The row at which the last page that fits begins, and how many rows it has.
    private var last = (start: 0, count: 0)
    /// As the last page says.
    private var total: Int
    private var leastTotal: Int
    /// Where the next page begins.
    private var next: Int
    private let overlap: Int
    /// How far the begins of two pages are apart.
    private let step: Int
    private var pages = 1
    private var uselessPages = 0

    init(first page: ListPage<Row>) throws(WHMCSFailure) {
        total = page.total
        leastTotal = page.total
        // An install may have a lower limit than `ListLimits.rows`: its first page shows it.
        overlap = min(ListLimits.overlap, page.rows.count / 2)
        step = max(1, page.rows.count - overlap)
        next = step
        guard !page.rows.isEmpty || page.total == 0 else { throw .incompleteList(action: Row.action) }
        try take(page, at: 0)
    }

    /// Where the next pages begin, as many as are read at once.
    var nextStarts: [Int] {
        (0..<ListLimits.concurrentCalls).map { next + $0 * step }.filter { $0 == next || $0 + overlap < total }
    }

    /// How many pages are left to read.
    var pagesLeft: Int { isComplete ? 0 : max(1, (total - overlap - next + step - 1) / step) }

    /// Adds the page that begins at the row `start`.
    ///
    /// - Returns: false when a gap lies before it: the pages are read again from `nextStarts` on.
    mutating func add(_ page: ListPage<Row>, at start: Int) throws(WHMCSFailure) -> Bool {
        pages += 1
        let isLinked = page.rows.first.map { ids.contains($0.id) } ?? false
        let isLast = start + page.rows.count >= page.total
        // Many rows were deleted or added at once; or pages are shorter than the first, or all the same.
        if !isLinked || !isLast && page.rows.allSatisfy({ ids.contains($0.id) }) { uselessPages += 1 }
        guard uselessPages <= ListLimits.uselessPages, pages <= ListLimits.pages else {
            throw .incompleteList(action: Row.action)
        }
        guard isLinked else {
            next = last.start + last.count / 2
            return false
        }
        try take(page, at: start)
        return true
    }

    private mutating func take(_ page: ListPage<Row>, at start: Int) throws(WHMCSFailure) {
        for row in page.rows where ids.insert(row.id).inserted { rows.append(row) }
        last = (start, page.rows.count)
        next = start + step
        total = page.total
        leastTotal = min(leastTotal, page.total)
        // WHMCS counts and lists in two steps, between which a row may appear: after a full page comes another.
        isComplete = start + page.rows.count >= page.total && page.rows.count < ListLimits.rows
        // Rows twice or pages twice: others are missing.
        guard !isComplete || rows.count >= leastTotal else { throw .incompleteList(action: Row.action) }
    }
}

enum ListLimits {
    /// What a page asks for.
    static let rows = 250
    /// How many rows two pages share: so many may be deleted, or added before them, between two reads.
    static let overlap = 10
    /// WHMCS is PHP on one host, and the customers' own requests need most of its workers.
    static let concurrentCalls = 4
    /// How many pages may have a gap before them or nothing new.
    static let uselessPages = 8
    /// More than the longest run has time for.
    static let pages = 1_000
}

/// One page, as WHMCS answers it.
struct ListPage<Row: ListRow> {
    var rows: [Row]
    /// How many rows the whole list has.
    var total: Int

    init(_ answer: JSON) throws(WHMCSFailure) {
        guard let total = answer["totalresults"]?.integer else { throw .incompleteList(action: Row.action) }
        // Without results the list may be missing.
        guard let rows = answer.rows(Row.names.outer, Row.names.inner) ?? (total == 0 ? [] : nil) else {
            throw .unreadable(action: Row.action, "no list of \(Row.names.outer)", mayHaveHappened: false)
        }
        guard rows.count <= total else { throw .incompleteList(action: Row.action) }
        // Only what is needed is kept: the answer to one page may have megabytes.
        self.rows = rows.compactMap(Row.init)
        self.total = total
        guard self.rows.count == rows.count else {
            throw .unreadable(action: Row.action, Row.required, mayHaveHappened: false)
        }
    }
}

extension WHMCSClient {
    /// Every row of a list, or a failure: a search for an order must never take an unread order for a missing one.
    func allRows<Row: ListRow>(_ form: Form) throws(WHMCSFailure) -> [Row] {
        var list: PagedList<Row> = try firstPage(form)
        try readRest(of: &list, form)
        return list.rows
    }

    func firstPage<Row: ListRow>(_ form: Form) throws(WHMCSFailure) -> PagedList<Row> {
        try PagedList(first: ListPage(call(Row.action, form + page(0), .read)))
    }

    func readRest<Row: ListRow>(of list: inout PagedList<Row>, _ form: Form) throws(WHMCSFailure) {
        while !list.isComplete {
            let starts = list.nextStarts
            let answers = readAll(Row.action, starts.map { form + page($0) })
            for (start, answer) in zip(starts, answers) where !list.isComplete {
                guard try list.add(ListPage(answer.get()), at: start) else { break }
            }
        }
    }

    private func page(_ start: Int) -> Form {
        [("limitstart", String(start)), ("limitnum", String(ListLimits.rows))]
    }
}
