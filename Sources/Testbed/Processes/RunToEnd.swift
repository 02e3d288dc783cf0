/// Runs a program to its end and gives what it wrote, output and errors together.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:]
) throws(Stack.Failure) -> String {
    let written = Monitor<[String]>([])
    let ending: Child.Ending?
    do {
        let child = try Child.start(
            program, arguments, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 },
            line: { line in written.with { $0.append(line) } })
        ending = child.waitUntilExit()
    } catch {
        throw Stack.Failure(error.description)
    }
    let output = written.with { $0.joined(separator: "\n") }
    guard ending == .exit(0) else {
        throw Stack.Failure(output.isEmpty ? "\(program) failed, and does not say why." : output)
    }
    return output
}
