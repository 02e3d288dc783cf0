import Testing

@testable import Orders

@Suite struct AddressListTests {
    @Test(
        "A list allows its addresses and networks",
        arguments: [
            ("", "203.0.113.25", true),
            ("  ", "203.0.113.25", true),
            ("203.0.113.25", "203.0.113.25", true),
            ("203.0.113.25", "203.0.113.26", false),
            (" 198.51.100.1 ,203.0.113.25", "203.0.113.25", true),
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            // The host bits of a network do not count.
            ("203.0.113.77/24", "203.0.113.1", true),
            ("203.0.112.0/23", "203.0.113.1", true),
            ("203.0.112.0/31", "203.0.112.2", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("203.0.113.25/32", "203.0.113.25", true),
            ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "203.0.113.25", false),
            // A dual-stack listener reports an IPv4 peer in the mapped form.
            ("203.0.113.0/24", "::ffff:203.0.113.9", true),
            ("::ffff:203.0.113.9", "203.0.113.9", true),
            ("::ffff:203.0.113.0/120", "203.0.113.9", true),
            ("::ffff:203.0.113.0/120", "203.0.114.9", false),
            // A text that is not an address is never allowed.
            ("203.0.113.25", "", false),
            ("203.0.113.25", "203.0.113.25:443", false),
            ("203.0.113.25", "203.0.113.25, 198.51.100.1", false),
        ] as [(String, String, Bool)])
    func allows(_ list: String, _ address: String, _ isAllowed: Bool) throws {
        #expect(try #require(AddressList(list)).allows(address) == isAllowed)
    }

    @Test(
        "A malformed list is refused",
        arguments: [
            "example.com", "203.0.113", "203.0.113.256", "203.0.113.0/33", "203.0.113.0/-1", "203.0.113.0/+8",
            "203.0.113.0/", "203.0.113.0/8/8", "/8", "2001:db8::/129", "2001:db8::1::2", "203.0.113.25 198.51.100.1",
            "203.0.113.25,nobody", ",", " , ",
            // In IPv6, /24 holds every IPv4 address.
            "::ffff:203.0.113.0/24",
        ])
    func malformed(_ list: String) {
        #expect(AddressList(list) == nil)
    }
}
