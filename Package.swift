// swift-tools-version: 6.0
import PackageDescription

/// Arrows point down only: a program → Orders → (Salesforce, WHMCS, AWS, Lambda) → (HTTP, Crypto, JSON) →
/// Basics → C.
let package = Package(
    name: "salesforce-to-whmcs",
    products: [
        .executable(name: "verify-signature", targets: ["verify-signature"]),
        .executable(name: "provision-order", targets: ["provision-order"]),
        .executable(name: "refresh-sf-token", targets: ["refresh-sf-token"]),
        .executable(name: "recover-orders", targets: ["recover-orders"]),
        .executable(name: "order-status", targets: ["order-status"]),
        .executable(name: "testbed", targets: ["testbed-tool"]),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),

        .systemLibrary(name: "CContext"),

        .target(name: "Basics"),
        .target(name: "JSON", dependencies: ["Basics"]),
        .target(name: "Crypto", dependencies: ["COpenSSL"]),
        .target(name: "HTTP", dependencies: ["Basics", "CContext", "CCurl", "COpenSSL"]),
        .target(name: "Lambda", dependencies: ["Basics", "Crypto", "HTTP", "JSON"]),
        .target(name: "AWS", dependencies: ["Basics", "HTTP", "JSON"]),
        .target(name: "Salesforce", dependencies: ["Basics", "Crypto", "HTTP", "JSON"]),
        .target(name: "WHMCS", dependencies: ["Basics", "Crypto", "HTTP", "JSON"]),
        .target(
            name: "Orders",
            dependencies: ["AWS", "Basics", "Crypto", "HTTP", "JSON", "Lambda", "Salesforce", "WHMCS"],
            exclude: ["README.md"]),

        .executableTarget(name: "verify-signature", dependencies: ["Orders"]),
        .executableTarget(name: "provision-order", dependencies: ["Orders"]),
        .executableTarget(name: "refresh-sf-token", dependencies: ["Orders"]),
        .executableTarget(name: "recover-orders", dependencies: ["Orders"]),
        .executableTarget(name: "order-status", dependencies: ["Orders"]),

        // Nothing below is deployed; libmicrohttpd stays here.
        .target(
            name: "Testbed", dependencies: ["AWS", "Basics", "CMicroHTTPD", "COpenSSL", "Crypto", "HTTP", "JSON"]),
        // Not "testbed": a file system that ignores case cannot hold both.
        .executableTarget(name: "testbed-tool", dependencies: ["Testbed"]),

        .target(
            name: "Simulation",
            dependencies: [
                "AWS", "Basics", "Crypto", "HTTP", "JSON", "Lambda", "Orders", "Salesforce", "Testbed", "WHMCS",
            ], exclude: ["README.md"]),
        .executableTarget(name: "simulate", dependencies: ["Simulation"]),

        .target(name: "TestSupport", dependencies: ["Basics", "HTTP", "JSON", "Testbed"], path: "Tests/Support"),
        .testTarget(name: "BasicsTests", dependencies: ["Basics"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
        .testTarget(name: "CryptoTests", dependencies: ["COpenSSL", "Crypto", "TestSupport"]),
        .testTarget(name: "HTTPTests", dependencies: ["Basics", "HTTP", "JSON", "Testbed", "TestSupport"]),
        .testTarget(name: "LambdaTests", dependencies: ["JSON", "Lambda", "Testbed", "TestSupport"]),
        .testTarget(name: "AWSTests", dependencies: ["AWS", "JSON", "Testbed", "TestSupport"]),
        .testTarget(name: "SalesforceTests", dependencies: ["Basics", "JSON", "Salesforce", "TestSupport"]),
        .testTarget(name: "WHMCSTests", dependencies: ["JSON", "WHMCS", "TestSupport"]),
        .testTarget(
            name: "OrdersTests",
            dependencies: [
                "AWS", "Basics", "Crypto", "HTTP", "JSON", "Lambda", "Orders", "Salesforce", "Simulation", "Testbed",
                "TestSupport",
                "WHMCS",
            ]),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "AWS", "Basics", "HTTP", "JSON", "Orders", "Salesforce", "Simulation", "Testbed", "TestSupport",
                "WHMCS",
            ]),
        .testTarget(
            name: "TestbedTests", dependencies: ["AWS", "Basics", "Crypto", "HTTP", "JSON", "Testbed", "TestSupport"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["AWS", "Basics", "HTTP", "JSON", "Salesforce", "Testbed", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

// deploy/fuzz sets it; other builds have neither this target nor its instrumentation.
if Context.environment["FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: ["AWS", "Basics", "Crypto", "HTTP", "JSON", "Lambda", "Orders", "Salesforce", "WHMCS"],
            path: "Tests/Fuzz", exclude: ["README.md", "Corpus"]))
}
