import Glibc

/// libFuzzer's entry point for a program with a `main` of its own ("Using libFuzzer as a library").
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

// `fuzz <target> [options and corpora of libFuzzer]`; without arguments it names the targets, one a line.
guard CommandLine.argc > 1, let target = targets.first(where: { $0.name == CommandLine.arguments[1] }) else {
    for target in targets { print(target.name) }
    exit(CommandLine.argc > 1 ? 64 : 0)
}
current = target
// libFuzzer must not take the target's name for a corpus.
var count = CommandLine.argc - 1
var arguments = CommandLine.unsafeArgv + 1
arguments[0] = CommandLine.unsafeArgv[0]
exit(
    runFuzzer(&count, &arguments) { bytes, count in
        current.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    })
