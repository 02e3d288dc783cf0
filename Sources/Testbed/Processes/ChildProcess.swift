import Foundation

/// A process that ends with this one, at the latest.
final class ChildProcess: Sendable {
    enum Termination: Sendable, Equatable, CustomStringConvertible {
        case exit(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .exit(let status): "exit status \(status)"
            case .signal(let number): "signal: \(number == SIGKILL ? "killed" : String(number))"
            }
        }
    }

    struct LaunchFailure: Error, CustomStringConvertible {
        var description: String
    }

    let pid: pid_t
    private let termination = Monitor<Termination?>(nil)

    private init(pid: pid_t) {
        self.pid = pid
    }

    /// Starts `program` with the variables of `environment` only, in a process group of its own, so that Ctrl-C at the
    /// terminal does not reach it. `onLine` receives its output and errors; `onExit` is called once, after the last line.
    static func start(
        _ program: String, _ arguments: [String] = [], environment: [String: String],
        onLine: @escaping @Sendable (String) -> Void, onExit: @escaping @Sendable (Termination) -> Void = { _ in }
    ) throws(LaunchFailure) -> ChildProcess {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw LaunchFailure(description: "\(program) is missing or not executable.")
        }
        let started = ProcessSpawner.shared.run {
            spawn(killedWithParent + [program] + arguments, environment: environment)
        }
        switch started {
        case .failure(let failure): throw LaunchFailure(description: "\(program) did not start: \(failure).")
        case .success(let (pid, output)):
            let child = ChildProcess(pid: pid)
            child.watch(output, onLine: onLine, onExit: onExit)
            return child
        }
    }

    /// Sends SIGKILL to it and to whatever it started.
    func kill() {
        // Under the lock, and only before it is reaped: afterwards another process may have its id.
        termination.with { if $0 == nil { _ = Glibc.kill(-pid, SIGKILL) } }
    }

    @discardableResult
    func waitUntilExit(until deadline: Date? = nil) -> Termination? {
        termination.wait(until: deadline) { $0 }
    }

    private func watch(
        _ output: Int32, onLine: @escaping @Sendable (String) -> Void,
        onExit: @escaping @Sendable (Termination) -> Void
    ) {
        let isDrained = Monitor(false)
        onThread("output of \(pid)") {
            forEachLine(of: output, onLine)
            isDrained.with { $0 = true }
        }
        onThread("exit of \(pid)") { [self] in
            var information = siginfo_t()
            // WNOWAIT leaves the process a zombie, so that no other process takes its id or its group.
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            _ = Glibc.kill(-pid, SIGKILL)
            _ = isDrained.wait(until: Date(timeIntervalSinceNow: 2)) { $0 ? true : nil }
            onExit(reap())
        }
    }

    private func reap() -> Termination {
        termination.with {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            let termination: Termination = signal == 0 ? .exit((status >> 8) & 0xff) : .signal(signal)
            $0 = termination
            return termination
        }
    }
}

/// Makes the kernel kill the child when this process dies without a chance to do so, by SIGKILL for example.
private let killedWithParent: [String] = {
    let setpriv = "/usr/bin/setpriv"
    return FileManager.default.isExecutableFile(atPath: setpriv) ? [setpriv, "--pdeathsig", "KILL", "--"] : []
}()

private struct SystemError: Error, CustomStringConvertible {
    var number: Int32
    var description: String { String(cString: strerror(number)) }
}

/// Returns the new process's id, and the descriptor of its output.
private func spawn(_ command: [String], environment: [String: String]) -> Result<(pid_t, Int32), SystemError> {
    var pipe: [Int32] = [-1, -1]
    guard Glibc.pipe(&pipe) == 0 else { return .failure(SystemError(number: errno)) }
    defer { close(pipe[1]) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 2)
    // Sockets and pipes that are not marked close-on-exec would stay open in the child.
    for descriptor in openDescriptors() where descriptor > 2 {
        posix_spawn_file_actions_addclose(&actions, descriptor)
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The child must not inherit the signals that this process ignores or blocks.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    let arguments = command.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, command[0], &actions, &attributes, arguments, variables)
    guard error == 0 else {
        close(pipe[0])
        return .failure(SystemError(number: error))
    }
    return .success((pid, pipe[0]))
}

private func openDescriptors() -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.compactMap { Int32($0) }
}

private func forEachLine(of descriptor: Int32, _ body: (String) -> Void) {
    defer { close(descriptor) }
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        rest += buffer[..<count]
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        rest = Array(lines.removeLast())
        lines.forEach { body(String(decoding: $0, as: UTF8.self)) }
    }
    if !rest.isEmpty { body(String(decoding: rest, as: UTF8.self)) }
}
