// swift-tools-version: 6.0
import PackageDescription

/// Arrows point down only: a program → Orders → (Salesforce, WHMCS, AWS, Lambda) → (HTTP, Crypto) → C.
let package = Package(
    name: "salesforce-to-whmcs",
    products: [
        .executable(name: "verify-signature", targets: ["verify-signature"]),
        .executable(name: "provision-order", targets: ["provision-order"]),
        .executable(name: "refresh-sf-token", targets: ["refresh-sf-token"]),
        .executable(name: "recover-orders", targets: ["recover-orders"]),
        .executable(name: "order-status", targets: ["order-status"]),
        .executable(name: "local-stack", targets: ["local-stack"]),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),

        .target(name: "Crypto", dependencies: ["COpenSSL"]),
        .target(name: "HTTP", dependencies: ["CCurl", "COpenSSL"]),
        .target(name: "Lambda", dependencies: ["Crypto", "HTTP"]),
        .target(name: "AWS", dependencies: ["HTTP"]),
        .target(name: "Salesforce", dependencies: ["HTTP", "Crypto"]),
        .target(name: "WHMCS", dependencies: ["Crypto", "HTTP"]),
        .target(name: "Orders", dependencies: ["AWS", "Crypto", "HTTP", "Lambda", "Salesforce", "WHMCS"]),

        .executableTarget(name: "verify-signature", dependencies: ["Orders"]),
        .executableTarget(name: "provision-order", dependencies: ["Orders"]),
        .executableTarget(name: "refresh-sf-token", dependencies: ["Orders"]),
        .executableTarget(name: "recover-orders", dependencies: ["Orders"]),
        .executableTarget(name: "order-status", dependencies: ["Orders"]),

        // Nothing below is deployed; libmicrohttpd stays here.
        .target(name: "LocalStack", dependencies: ["AWS", "CMicroHTTPD", "COpenSSL", "Crypto", "HTTP"]),
        .executableTarget(name: "local-stack", dependencies: ["LocalStack"]),

        .target(name: "TestSupport", dependencies: ["HTTP", "LocalStack"], path: "Tests/Support"),
        .testTarget(name: "CryptoTests", dependencies: ["Crypto", "TestSupport"]),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "LocalStack", "TestSupport"]),
        .testTarget(name: "LambdaTests", dependencies: ["Lambda", "LocalStack", "TestSupport"]),
        .testTarget(name: "AWSTests", dependencies: ["AWS", "LocalStack", "TestSupport"]),
        .testTarget(name: "SalesforceTests", dependencies: ["Salesforce", "TestSupport"]),
        .testTarget(name: "WHMCSTests", dependencies: ["WHMCS", "TestSupport"]),
        .testTarget(
            name: "OrdersTests",
            dependencies: [
                "AWS", "Crypto", "HTTP", "Lambda", "LocalStack", "Orders", "Salesforce", "TestSupport", "WHMCS",
            ]),
        .testTarget(name: "LocalStackTests", dependencies: ["HTTP", "LocalStack"]),
        .testTarget(name: "EndToEndTests", dependencies: ["LocalStack", "Orders", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
