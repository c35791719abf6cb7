import MartletProtocol

extension Harness {
    /// A fetched key set: what is kept of it comes back the same when it is written again.
    static let keySet = Harness(name: "key-set") { bytes in
        guard let json = try? JSONValue(parsing: bytes), let set = try? JSONWebKeySet(json: json)
        else { return }
        try require(set.keys.count <= JSONWebKeySet.maximumKeyCount, "there is a bound")
        for key in set.keys {
            try require(Base64URL.decode(key.thumbprint)?.count == 32, "each key has a thumbprint")
        }
        var writer = JSONWriter()
        set.write(to: &writer)
        let written = try accepted("what was written is JSON") {
            try JSONValue(parsing: writer.bytes)
        }
        let again = try accepted("what was written is a key set") {
            try JSONWebKeySet(json: written)
        }
        try require(again == set, "a key set comes back the same")
        for key in written["keys"]?.array ?? [] {
            for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                try require(key[name] == nil, "no private member is written")
            }
        }
    }
}
