/// Runs a program until it exits, and returns its output and errors together.
func runToEnd(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:]
) throws(TestbedFailure) -> String {
    let lines = Monitor<[String]>([])
    let termination: ChildProcess.Termination?
    do {
        let child = try ChildProcess.start(
            program, arguments, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 },
            onLine: { line in lines.with { $0.append(line) } })
        termination = child.waitUntilExit()
    } catch {
        throw TestbedFailure(error.description)
    }
    let output = lines.with { $0.joined(separator: "\n") }
    guard termination == .exit(0) else {
        throw TestbedFailure(output.isEmpty ? "\(program) failed without a message." : output)
    }
    return output
}
